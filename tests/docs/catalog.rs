//! Whose documentation it is.

use billpay_docs::entity::{EntityError, EntityName, described};

#[test]
fn keys_begin_with_the_entity_in_lower_case() {
    let entity = EntityName::parse("Default/Component/Payment-Service").unwrap();
    assert_eq!(entity.prefix(), "default/component/payment-service/");
}

#[test]
fn what_is_no_entity_gets_no_prefix() {
    for odd in
        ["", "a/b", "a/b/c/d", "../b/c", "a/../c", "a/b/..", "a//c", "a/b/c ", "a/b/-c", "a/b/c\n", "a/b/é"]
    {
        let error = EntityName::parse(odd).unwrap_err();
        assert!(
            matches!(error, EntityError::NotATriplet(_) | EntityError::NotAName { .. }),
            "{odd:?}: {error}"
        );
    }
}

const COMPONENT: &str = "kind: Component\nmetadata: { name: x, namespace: Pay }\n";
const DOCUMENTED: &str = "kind: System\nmetadata:\n  name: y\n  title: The Y\n  annotations: { backstage.io/techdocs-ref: 'url:https://github.com/a/b' }\n";

#[test]
fn the_catalog_file_says_which_entity_it_is() {
    let of = |text: &str| described("catalog-info.yaml", text);
    assert_eq!(of(COMPONENT).unwrap().name.to_string(), "Pay/Component/x");
    let two = of(&format!("{COMPONENT}---\n{DOCUMENTED}")).unwrap();
    assert_eq!(two.name.to_string(), "default/System/y");
    assert_eq!((two.title.as_str(), two.source.as_deref()), ("The Y", Some("https://github.com/a/b")));
    let several = of(&format!("{DOCUMENTED}---\n{}", DOCUMENTED.replace("name: y", "name: z"))).unwrap_err();
    assert!(several.to_string().contains("default/System/y, default/System/z"), "{several}");
    assert!(matches!(of("").unwrap_err(), EntityError::NoEntity { .. }));
    assert!(matches!(of("kind: [").unwrap_err(), EntityError::NotRead { .. }));
}
