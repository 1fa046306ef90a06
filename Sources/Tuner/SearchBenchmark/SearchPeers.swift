import Foundation

/// What other tuners' strategies reached on the same spaces (`peer-search/1`): best-so-far trajectories.
public struct SearchPeers: Decodable, Sendable {
    struct Run: Decodable, Sendable {
        var space: String
        var strategy: String
        var budget: Int
        /// Pairs of evaluations spent and best milliseconds so far.
        var traj: [[Double]]
    }
    var runs: [Run]

    /// Throws `.badRequest` if the file cannot be read as `peer-search/1`.
    public init(file: String) throws {
        do {
            let data = try Data(contentsOf: URL(filePath: file))
            self = try JSONDecoder().decode(SearchPeers.self, from: data)
        } catch {
            throw TunerError(
                .badRequest, "cannot read the peers' runs in \(file): \(error)",
                hint: "give a file of the format peer-search/1")
        }
    }

    /// By strategy, for those that ran on every one of `spaces` (name and optimum in seconds) with at least the largest of `budgets`.
    public func statistics(
        spaces: [(name: String, optimum: Double)], budgets: [Int]
    ) -> [(strategy: String, statistics: [SearchStatistics])] {
        let needed = budgets.max() ?? 0
        var byStrategy: [String: [String: [Run]]] = [:]
        for run in runs where run.budget >= needed {
            byStrategy[run.strategy, default: [:]][run.space, default: []].append(run)
        }
        return byStrategy.sorted { $0.key < $1.key }.compactMap { strategy, runs in
            guard spaces.allSatisfy({ runs[$0.name] != nil }) else { return nil }
            let statistics = budgets.map { budget in
                SearchStatistics(
                    ratios: spaces.map { space in
                        (runs[space.name] ?? []).compactMap { run in
                            run.traj.last { $0.count == 2 && $0[0] <= Double(budget) }
                                .map { $0[1] / 1_000 / space.optimum }
                        }
                    })
            }
            return statistics.contains { $0.ratios.contains(where: \.isEmpty) }
                ? nil : (strategy, statistics)
        }
    }
}
