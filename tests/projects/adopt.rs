//! Projects that were there before billpay.

use crate::place::Place;

#[test]
fn an_old_project_is_tied_to_its_template_and_updated_from_then_on() {
    let place = Place::new();
    let url = place.template_repository("repo");
    let at = ["--directory", "templates/service", "--set", "name=pay"];
    place.say(&[&["scaffold", &url, "--ref", "v1", "--out", "pay"], &at[..]].concat()).exits(0);
    std::fs::remove_dir_all(place.path("pay/.billpay")).expect("as if made by hand");
    place.write("pay/README.md", place.read("pay/README.md").replace("line 18\n", "line 18, mine\n"));
    place.remove("pay/empty");
    place.commit("pay");
    let before = place.files("pay");

    let adopt = [&["scaffold", "adopt", &url, "--ref", "v1", "--out", "pay"], &at[..]].concat();
    let said = place.say(&[&adopt[..], &["--dry-run"]].concat()).exits(0);
    assert!(said.out.contains("5 files as the template makes them, 1 edited, 1 not there"), "{}", said.out);
    assert!(!place.is_there("pay/.billpay"));
    place.say(&adopt).exits(0);
    assert_eq!(place.files("pay"), before, "no file of the project is touched");
    place.commit("pay");
    place.say(&adopt).fails_with(&["tied to service already", "scaffold update"]);

    place.say_in("pay", &["scaffold", "update", "--ref", "v2"]).exits(0);
    let readme = place.read("pay/README.md");
    assert!(readme.contains("line 3, better\n") && readme.contains("line 18, mine\n"), "{readme}");
    assert!(!place.is_there("pay/empty") && !place.is_there("pay/old.txt") && place.is_there("pay/TIER.md"));
}
