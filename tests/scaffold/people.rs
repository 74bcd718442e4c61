//! People and the tree.
