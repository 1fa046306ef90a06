import WorkerProtocol

/// Times one candidate.
struct Sampler {
    /// Bound of the calls in a sample: an empty function takes 2 ns, so a sample of 1 ms stays far below.
    private static let maximumCalls = 1 << 24

    let loaded: LoadedCandidate
    /// One a copy of the buffers.
    let calls: [PreparedCall]
    private(set) var callsPerSample = 1
    /// The copy that the next call uses. Candidates that are compared hand it on: one that starts where another started
    /// finds in the cache what that one has just read.
    var next = 0
    private var watch: SampleWatch

    /// Warms up and chooses the calls of a sample so that it takes at least `sampleSeconds`.
    /// `cores` is how many its threads may use.
    init(_ loaded: LoadedCandidate, calls: [PreparedCall], sampleSeconds: Double, cores: Int) {
        self.loaded = loaded
        self.calls = calls
        let threads = loaded.candidate.threads
        watch = SampleWatch(threads: threads, cores: cores, counters: .kernel(threads: threads))
        // The first call pays for page tables and the clock's ramp; it tells nothing.
        _ = unwatchedSample()
        while true {
            let seconds = unwatchedSample() * Double(callsPerSample)
            guard seconds < sampleSeconds, callsPerSample < Self.maximumCalls else { break }
            // Doubling until the clock's grain no longer matters, then straight to what is needed with a little to spare.
            let factor = seconds > sampleSeconds / 16 ? 1.05 * sampleSeconds / seconds : 2
            let wanted = (Double(callsPerSample) * factor).rounded(.up)
            callsPerSample = min(max(Int(wanted), callsPerSample + 1), Self.maximumCalls)
        }
    }

    /// Seconds a call of one sample, which is taken again from the same copy on if the machine disturbed it.
    mutating func sample() -> Double {
        let (loaded, calls, first, repetitions) = (loaded, calls, next, callsPerSample)
        let seconds = watch.sample { loaded.run(calls, first: first, repetitions: repetitions) }
        return end(of: seconds)
    }

    private mutating func unwatchedSample() -> Double {
        end(of: loaded.run(calls, first: next, repetitions: callsPerSample))
    }

    private mutating func end(of sample: Double) -> Double {
        next = (next + callsPerSample) % calls.count
        return sample / Double(callsPerSample)
    }

    /// A sample whose last call uses the first copy, the guarded one, so that its result can be checked.
    mutating func finalSample() -> Double {
        next = (calls.count - (callsPerSample - 1) % calls.count) % calls.count
        return sample()
    }

    /// Samples until the estimate is as precise as the plan asks, or a bound is met; one sample less than the bounds allow, because
    /// the final one is to follow.
    mutating func samples(_ plan: SamplingPlan) -> [Double] {
        var samples: [Double] = []
        var total = 0.0
        while samples.count < max(plan.maximumSamples, 2) - 1 {
            let seconds = sample()
            samples.append(seconds)
            total += seconds * Double(callsPerSample)
            guard samples.count >= plan.minimumSamples - 1 else { continue }
            if total >= plan.maximumSeconds { break }
            if Estimate(samples: samples).relativeWidth <= plan.relativePrecision { break }
        }
        return samples
    }

    func measurement(_ samples: [Double]) -> Measurement {
        Measurement(
            samples: samples, callsPerSample: callsPerSample,
            seconds: Estimate(samples: samples).value, repeatedSamples: watch.repeated,
            taintedSamples: watch.tainted, disturbance: watch.disturbance)
    }
}
