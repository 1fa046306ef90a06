/// What is wrong with the content of a file, and where in it.
struct Malformed: Error, Hashable {
    /// `results[17].times`; empty for the file as a whole.
    var place: String
    var what: String

    init(_ what: String, place: String = "") {
        self.place = place
        self.what = what
    }

    /// Runs `body`; what is wrong there lies within `place`.
    static func at<Result>(_ place: @autoclosure () -> String, _ body: () throws -> Result) throws
        -> Result
    {
        do {
            return try body()
        } catch let error as Malformed {
            let isStep = error.place.isEmpty || error.place.hasPrefix("[")
            throw Malformed(error.what, place: place() + (isStep ? "" : ".") + error.place)
        }
    }
}
