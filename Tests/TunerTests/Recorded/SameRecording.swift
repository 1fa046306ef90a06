import KernelSpace
import Tuner

/// One small recording, written in every format: x in 1, 2, 4 and mode in a, b; x = 4 with mode b is not valid.
enum SameRecording {
    /// Milliseconds, or the failure, by configuration.
    static let outcomes: [(x: Int, mode: String, time: Double?)] = [
        (1, "a", 3.5), (1, "b", 0.25), (2, "a", nil), (2, "b", 1), (4, "a", 0.125),
    ]
    static let parameters: [Parameter] = [
        Parameter(name: "x", role: .argument, values: [1, 2, 4].map(Value.integer)),
        Parameter(name: "mode", role: .argument, values: ["a", "b"].map(Value.text)),
    ]

    static let rows = """
        {"format": "recorded-space/1", "kernel": "k", "device": "d", "problem_size": [8, 8],
         "params": [{"name": "x", "values": [1, 2, 4]}, {"name": "mode", "values": ["a", "b"]}],
         "restrictions": ["x < 4 or mode == 'a'"],
         "columns": ["x", "mode", "time_ms", "status"],
         "rows": [[1, "a", 3.5, 0], [1, "b", 0.25, 0], [2, "a", null, 2], [2, "b", 1, 0],
                  [4, "a", 0.125, 0]]}
        """

    static let cache = """
        {"device_name": "d", "kernel_name": "k", "problem_size": [8, 8],
        "tune_params_keys": ["x", "mode"], "tune_params": {"x": [1, 2, 4], "mode": ["a", "b"]},
        "objective": "time",
        "cache": {
        "1,a": {"x": 1, "mode": "a", "time": 3.5, "times": [3.0, 4.0], "GFLOP/s": 1.5},
        "1,b": {"x": 1, "mode": "b", "time": 0.25, "times": [0.25, 0.25]},
        "2,a": {"x": 2, "mode": "a", "time": "RuntimeFailedConfig"},
        "2,b": {"x": 2.0, "mode": "b", "time": 1},
        "4,a": {"x": 4, "mode": "a", "time": 0.125, "times": []}}
        }
        """

    static let t4 = """
        {"schema_version": "1.0.0", "metadata": {"timeunit": "miliseconds", "kernel": "k"}, "results": [
        \(outcomes.map(result).joined(separator: ",\n"))
        ]}
        """

    static let t1 = """
        {"ConfigurationSpace": {"TuningParameters": [
          {"Name": "x", "Type": "int", "Values": "[1, 2, 2**2]"},
          {"Name": "mode", "Type": "string", "Values": "['a', \\"b\\",]"}],
         "Conditions": [{"Expression": "x < 4 or mode == 'a'", "Parameters": ["x", "mode"]}]},
         "KernelSpecification": {}}
        """

    private static func result(_ row: (x: Int, mode: String, time: Double?)) -> String {
        let outcome =
            row.time.map {
                #""invalidity": "correct", "measurements": [{"name": "time", "value": \#($0), "unit": ""}]"#
            }
            ?? #""invalidity": "runtime", "measurements": [{"name": "time", "value": "RuntimeFailedConfig"}]"#
        return
            #"{"configuration": {"x": \#(row.x), "mode": "\#(row.mode)"}, "times": {}, "correctness": 1, \#(outcome)}"#
    }
}
