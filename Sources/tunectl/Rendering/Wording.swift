import Tuner
import TunerAPI

/// The words for what the wire spells as codes.
enum Wording {
    static func decision(_ decision: Session.Result.Decision) -> String {
        switch decision {
        case .replaced: "recorded"
        case .kept: "kept"
        case .noneValid: "none works"
        case .undecided: "undecided"
        }
    }

    /// As a sentence says it.
    static func explanation(_ decision: Session.Result.Decision) -> String {
        switch decision {
        case .replaced: "recorded as the best"
        case .kept: "the record there was is kept"
        case .noneValid: "no configuration works"
        case .undecided: "not decided: the record is as it was"
        }
    }

    static func style(_ decision: Session.Result.Decision) -> StyledLine.Style {
        switch decision {
        case .replaced: .good
        case .kept: .plain
        case .noneValid: .bad
        case .undecided: .warning
        }
    }

    static func phase(_ phase: EvaluationPhase) -> String {
        switch phase {
        case .compiling: "compiling"
        case .measuring: "measuring"
        case .comparing: "comparing the best"
        }
    }

    /// `kc=64,mr=6 is not distinguishable from kc=128,mr=6: 0.998 of its time [0.991, 1.004] at confidence 0.99, 9 launches`
    static func acceptance(_ acceptance: Acceptance) -> String {
        let verdict =
            switch acceptance.verdict {
            case .faster: "replaces"
            case .notDistinguishable: "is not distinguishable from"
            case .slower: "is slower than"
            }
        func fixed(_ ratio: Double) -> String { Quantities.fixed(ratio, 3) }
        let interval = "[\(fixed(acceptance.lower)), \(fixed(acceptance.upper))]"
        let bits = acceptance.changesBits == true ? "; they compute different bits" : ""
        return "\(acceptance.challenger.configuration) \(verdict) "
            + "\(acceptance.holder.configuration): \(fixed(acceptance.ratio)) of its time "
            + "\(interval) at confidence \(acceptance.terms.confidence), "
            + count(acceptance.launches, "launch", "launches") + bits
    }

    /// What the final comparison of an entry said; nothing where there was none.
    static func comparison(_ result: Session.Result) -> [String] {
        [
            result.acceptance.map(acceptance),
            result.acceptance.flatMap { acceptance in
                acceptance.setAside.map {
                    "\(acceptance.challenger.configuration) is preferred to \($0): as fast, and simpler"
                }
            },
            result.passedOver.map { "\($0) is passed over: it computes different bits" },
        ].compactMap(\.self)
    }

    static func style(_ state: Session.State) -> StyledLine.Style {
        switch state {
        case .queued: .faint
        case .running: .running
        case .finished: .good
        case .cancelled: .warning
        case .failed: .bad
        }
    }

    static func standing(_ kind: LookupResponse.Kind) -> (word: String, style: StyledLine.Style) {
        switch kind {
        case .exact: ("current", .good)
        case .stale: ("stale", .warning)
        case .nearest: ("nearest", .warning)
        case .otherDevice: ("other device", .warning)
        case .none: ("none", .bad)
        }
    }

    /// `compilation 2, wrongResult 1`, most frequent first.
    static func failures(_ counts: [String: Int]) -> String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// `600 trials`, `60 s`, or both, of all problems together.
    static func budget(_ budget: Budget, problems: Int) -> String {
        let parts = [
            budget.trials.map { "\($0 * problems) trials" },
            budget.seconds.map { Quantities.waitingTime($0) },
        ].compactMap { $0 }
        let extent = problems > 1 ? " in all" : ""
        return parts.isEmpty ? "no limit" : parts.joined(separator: " or ") + extent
    }

    /// `from 812 earlier trials of 4 problems`; nil for none.
    static func earlier(_ earlier: EarlierTrials, atMost: Bool = false) -> String? {
        guard earlier.trials > 0 else { return nil }
        return "from \(atMost ? "up to " : "")\(count(earlier.trials, "earlier trial")) of "
            + count(earlier.problems, "problem")
    }

    /// `1 problem`, `3 problems`
    static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }
}
