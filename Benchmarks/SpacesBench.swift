import ArgumentParser
import Foundation
import KernelSpace

/// Times building, counting and sampling of search spaces.
struct SpacesBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spaces",
        abstract: "Times building search spaces and drawing 1,000 samples against Kernel Tuner.",
        discussion: """
            Reads files of the format space-definition/1: name, parameters, constraints, valid_configurations and
            kernel_tuner_1_5_construction_seconds. Every file is measured in a row of its own; times are the least of
            all rounds.
            """)

    @Argument(help: "A folder of definitions.") var definitions: String
    @Option(help: "Replaces domains by 1 ... this number; then no count is checked.")
    var range: Int?
    @Flag(
        help:
            "With --range: domains of one value too, unless the count would no longer fit 127 bits."
    )
    var every = false
    @Option(help: "How often each space is built.") var rounds = 5

    private static let samples = 1000

    struct Definition: Decodable {
        struct Domain: Decodable {
            var name: String
            var values: [Value]
        }
        var name: String
        var parameters: [Domain]
        var constraints: [String]
        var validConfigurations: Int
        var kernelTuner15ConstructionSeconds: Double

        func space() throws -> SearchSpace {
            try SearchSpace(
                parameters: parameters.map {
                    Parameter(name: $0.name, role: .argument, values: $0.values)
                },
                constraints: constraints.map { try Constraint($0) })
        }
    }

    func run() throws {
        print(
            "space                 configurations                           seconds  Kernel Tuner   ratio"
        )
        let folder = URL(filePath: definitions)
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
        guard !files.isEmpty else { throw ValidationError("\(definitions) has no definitions") }
        for file in files { try measure(definition(at: file)) }
    }

    private func definition(at file: URL) throws -> Definition {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var definition = try decoder.decode(Definition.self, from: Data(contentsOf: file))
        guard let range else { return definition }
        let values = (1...range).map(Value.integer)
        for index in definition.parameters.indices
        where definition.parameters[index].values.count > 1 {
            definition.parameters[index].values = values
        }
        guard every else { return definition }
        for index in definition.parameters.indices
        where definition.parameters[index].values.count == 1 {
            var wider = definition
            wider.parameters[index].values = values
            if (try? wider.space()) != nil { definition = wider }
        }
        return definition
    }

    private func measure(_ definition: Definition) throws {
        var generator = SystemRandomNumberGenerator()
        var indices = [Int](repeating: 0, count: definition.parameters.count)
        var best = Duration.seconds(Int.max)
        var count: SearchSpace.Number = 0
        for _ in 0..<max(rounds, 1) {
            let time = try ContinuousClock().measure {
                let space = try definition.space()
                count = space.count
                for _ in 0..<Self.samples where count > 0 {
                    space.copyIndices(of: .random(in: 0..<count, using: &generator), to: &indices)
                }
            }
            best = min(best, time)
        }
        if range == nil, count != definition.validConfigurations {
            throw BenchError(
                message: "\(definition.name) has \(count) configurations, not the "
                    + "\(definition.validConfigurations) of its file")
        }
        let peer = definition.kernelTuner15ConstructionSeconds
        let seconds = best / .seconds(1)
        print(
            String(
                format: "%-20@ %39@ %9.4f s %11.4f s %6.0fx", definition.name as NSString,
                "\(count)" as NSString, seconds, peer, peer / seconds))
    }
}
