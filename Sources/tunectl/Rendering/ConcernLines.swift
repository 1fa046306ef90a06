import Tuner

/// What is said of doubtful conditions under a table.
enum ConcernLines {
    /// One line a kind: the worst case, and how many of the table's rows it is about. `noun` is what a row is.
    static func lines(_ environments: [EnvironmentCertificate?], of noun: String) -> [StyledLine] {
        let concerns = environments.flatMap { $0?.concerns ?? [] }
        return concerns.worst().map { worst in
            var line = StyledLine(worst.message, .warning)
            let count = concerns.count { $0.kind == worst.kind }
            if environments.count > 1 {
                let worstOf = count > 1 ? ", the worst" : ""
                line.append(
                    " (\(count) of \(Wording.count(environments.count, noun))\(worstOf))", .faint)
            }
            return line
        }
    }
}
