import ArgumentParser
import Testing

@testable import tunectl

struct ArgumentTests {
    @Test(
        "durations are read with units, largest first",
        arguments: [
            ("60s", 60), ("2m", 120), ("1h30m", 5400), ("1h0m5s", 3605), ("90", 90), ("1.5m", 90),
            ("0.5s", 0.5),
        ] as [(String, Double)])
    func durations(text: String, seconds: Double) throws {
        #expect(try DurationArgument(text).seconds == seconds)
    }

    @Test(
        "what is no duration is refused",
        arguments: [
            "", "s", "0", "0s", "-5s", "5x", "m5", "30m1h", "1h1h", "1e3", "nan", "inf", "1 h",
            "9999999h", "1..5s", "٣s",
        ])
    func badDurations(text: String) {
        #expect(throws: ArgumentMistake.self) { try DurationArgument(text) }
    }

    @Test("problems keep their order and become sizes")
    func problems() throws {
        let problem = try ProblemArgument("m=512,n=0,lda=7")
        #expect(problem.text == "m=512,n=0,lda=7")
        #expect(problem.sizes == ["m": 512, "n": 0, "lda": 7])
    }

    @Test(
        "what is wrong with a problem is said",
        arguments: [
            ("", "\"\" is not of the form name=size"), ("m", "\"m\" is not of the form"),
            ("m=1,", "\"\" is not of the form"), ("m=1=2", "\"m=1=2\" is not of the form"),
            ("M=1", "\"M=1\" is not of the form"), ("m=x", "m must be a whole number"),
            ("m=-1", "m must be a whole number from 0 on, not \"-1\""),
            ("m=1,m=2", "m is given twice"),
            ("m=99999999999999999999", "m must be a whole number"),
        ])
    func badProblems(text: String, says: String) throws {
        let mistake = try #require(throws: ArgumentMistake.self) { try ProblemArgument(text) }
        #expect(mistake.description.contains(says), "\(mistake)")
    }

    @Test("a tune command becomes a request: every kernel with every problem")
    func request() throws {
        let command = try Tune.parse([
            "sgemm", "--problem", "m=1,n=2,k=3", "--problem", "m=4,n=5,k=6", "--time", "2m",
            "--budget", "9", "--seed", "7", "--keep", "--confidence", "0.95", "--least-effect",
            "0.02",
            "--bitwise-stable",
        ])
        let request = command.request
        #expect(request.target == "cpu-native")
        let sizes = request.kernels?.map(\.problem)
        #expect(sizes == [["m": 1, "n": 2, "k": 3], ["m": 4, "n": 5, "k": 6]])
        #expect(request.seconds == 120)
        #expect(request.trials == 9)
        #expect(request.seed == 7)
        #expect(request.keep == true)
        #expect(request.confidence == 0.95 && request.leastEffect == 0.02)
        #expect(request.bitwiseStable == true)
        #expect(try Tune.parse([]).request.kernels == nil)
    }

    @Test(
        "wrong usage is status 64 and says what is allowed, under tunectl's name",
        arguments: [
            (["tune", "--problem", "m=1"], "exactly one kernel"),
            (["tune", "a", "b", "--problem", "m=1"], "2 are named"),
            (["tune", "--time", "5x"], "60s, 2m or 1h30m"),
            (["tune", "a", "--problem", "m"], "name=size"),
            (["tune", "--budget", "0"], "at least 1"),
            (["tune", "--confidence", "1"], "--confidence must be from 0.5 to 0.9999"),
            (["tune", "--least-effect", "0.9"], "--least-effect must be from 0.0 to 0.5"),
            (["tune", "--standalone", "--detach"], "--detach needs a daemon"),
            (["tune", "--standalone", "--socket", "/x"], "leave --socket out"),
            (["tune", "--state-dir", "/x"], "--standalone"),
            (["watch"], "Missing expected argument"),
            (["watch", "s", "--from", "3"], "--json"),
            (["record", "dot"], "--problem"),
            (["record", "dot", "--problem", "n=8", "--limit", "0"], "at least 1"),
            (["replay"], "Missing expected argument"),
            (["replay", "f", "--seeds", "0"], "--seeds must be at least 1"),
            (["bench-search"], "Missing expected argument"),
            (["bench-search", "f", "--budgets", "5,x"], "as in 25,50,100"),
            (["bench-search", "f", "--seeds", "0"], "--seeds must be at least 1"),
            (["export", "s", "--format", "xml"], "one of 't4' and 't1'"),
            (["lookup", "sgemm"], "--problem"),
            (["fetch", "--format", "xml"], "one of 'json', 'swift' or 'header'"),
            (["frobnicate"], "frobnicate"),
        ])
    func usage(arguments: [String], says: String) throws {
        let error = try #require(throws: (any Error).self) { try Tunectl.parseAsRoot(arguments) }
        #expect(Tunectl.exitCode(for: error).rawValue == 64)
        let text = Complaint.text(parserMessage: Tunectl.fullMessage(for: error))
        #expect(text.hasPrefix("tunectl: "))
        #expect(!text.contains("Error: "))
        #expect(text.contains(says), "\(text)")
    }

    @Test("every command has an abstract and an example in its help")
    func help() {
        let commands: [any ParsableCommand.Type] = [
            Tunectl.self, Tune.self, Watch.self, Sessions.self, Show.self, Cancel.self,
            Results.self, LookUp.self, Fetch.self, Kernels.self, Kernels.Add.self, Targets.self,
            Strategies.self, ShowStatus.self, Export.self, Record.self, ReplaySpace.self,
            BenchSearch.self,
        ]
        for command in commands {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
            #expect(command.configuration.discussion.contains("  tunectl "), "\(command)")
        }
    }
}
