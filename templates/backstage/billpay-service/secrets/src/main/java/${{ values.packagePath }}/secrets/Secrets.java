package ${{ values.package }}.secrets;

/** Secrets by the names that the environment's spec gives them. */
public interface Secrets {

    /** The present value; ask each time it is used, since it changes when the secret is rotated. */
    String get(String name);
}
