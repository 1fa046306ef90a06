/// What this release calls itself; daemon and client are of one release.
public enum Release {
    /// Semantic version.
    public static let version = "0.1.0"
}
