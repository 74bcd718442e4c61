//! Has the crate built anew when a template was added or removed: templates are part of it.

fn main() {
    println!("cargo::rerun-if-changed=../../templates/infrastructure");
}
