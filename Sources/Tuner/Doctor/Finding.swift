/// What an examination of a machine found about one subject, and what to do about it.
package struct Finding: Hashable, Codable, Sendable {
    /// What it means for tuning.
    package enum Grade: String, Codable, Sendable {
        case good
        /// Figures suffer, decisions do not.
        case warning
        /// Tuning is impossible or misleading.
        case bad
        /// The system does not tell.
        case unknown
    }
    /// What to change, and the command line that does it where there is one.
    package struct Remedy: Hashable, Codable, Sendable {
        package var advice: String
        package var command: String?
    }
    package var subject: String
    package var grade: Grade
    package var text: String
    package var remedy: Remedy?

    package init(_ subject: String, _ grade: Grade, _ text: String) {
        self.subject = subject
        self.grade = grade
        self.text = text
    }

    /// With what to do.
    package init(
        _ subject: String, _ grade: Grade, _ text: String, advice: String, command: String? = nil
    ) {
        self.init(subject, grade, text)
        remedy = Remedy(advice: advice, command: command)
    }
}
