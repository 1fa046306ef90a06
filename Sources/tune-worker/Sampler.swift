import WorkerProtocol

/// Times one candidate.
struct Sampler {
    /// Bound of the calls in a sample: an empty function takes 2 ns, so a sample of 1 ms stays far below.
    private static let maximumCalls = 1 << 24

    let loaded: LoadedCandidate
    /// One a copy of the buffers.
    let calls: [PreparedCall]
    private(set) var callsPerSample = 1
    /// What the choice of the calls ended with: a whole sample.
    private var first = 0.0
    private let racing: Racing?
    /// Whether it was given up.
    private var isLost = false
    /// The copy that the next call uses. Candidates that are compared hand it on: one that starts where another started
    /// finds in the cache what that one has just read.
    var next = 0
    private var watch: SampleWatch
    private let unused: SampleWatch

    /// Warms up and chooses the calls of a sample so that it takes at least `sampleSeconds`.
    /// `cores` is how many its threads may use.
    init(
        _ loaded: LoadedCandidate, calls: [PreparedCall], sampleSeconds: Double, cores: Int,
        racing: Racing? = nil
    ) {
        self.loaded = loaded
        self.calls = calls
        self.racing = racing
        let threads = loaded.candidate.threads
        unused = SampleWatch(
            threads: threads, cores: cores, counters: .kernel(threads: threads))
        watch = unused
        // The first call pays for page tables and the clock's ramp; it only tells what is hopeless.
        first = unwatchedSample()
        isLost = racing?.isLost(warmUp: first, sampleSeconds: sampleSeconds) ?? false
        while !isLost {
            // Only what the last of these met is a sample's.
            startOver()
            first = sample()
            let seconds = first * Double(callsPerSample)
            guard seconds < sampleSeconds, callsPerSample < Self.maximumCalls else { break }
            // Doubling until the clock's grain no longer matters, then straight to what is needed with a little to spare.
            let factor = seconds > sampleSeconds / 16 ? 1.05 * sampleSeconds / seconds : 2
            let wanted = (Double(callsPerSample) * factor).rounded(.up)
            callsPerSample = min(max(Int(wanted), callsPerSample + 1), Self.maximumCalls)
        }
    }

    /// Forgets what the choice of the calls met: its sample is not used.
    mutating func startOver() { watch = unused }

    /// Seconds a call of one sample, which is taken again, with the copies that follow, if the machine disturbed it.
    mutating func sample() -> Double { watched { $0.unwatchedSample() } }

    /// A sample whose last call uses the first copy, the guarded one, so that its result can be checked.
    mutating func finalSample() -> Double {
        watched {
            $0.next =
                ($0.calls.count - ($0.callsPerSample - 1) % $0.calls.count) % $0.calls.count
            return $0.unwatchedSample()
        }
    }

    private mutating func watched(_ take: (inout Sampler) -> Double) -> Double {
        var watch = watch
        defer { self.watch = watch }
        let calls = Double(callsPerSample)
        return watch.sample { take(&self) * calls } / calls
    }

    private mutating func unwatchedSample() -> Double {
        let seconds = loaded.run(calls, first: next, repetitions: callsPerSample)
        next = (next + callsPerSample) % calls.count
        return seconds / Double(callsPerSample)
    }

    /// Samples until the candidate is given up, or the estimate is as precise as the plan asks, or a bound is met; one sample less than
    /// the bounds allow, because the final one is to follow. Returns whether it was given up.
    mutating func take(_ plan: SamplingPlan, into samples: inout [Double]) -> Bool {
        samples = [first]
        while !isLost, samples.count < max(plan.maximumSamples, 2) - 1 {
            if samples.count >= plan.minimumSamples - 1 {
                let total = samples.reduce(0, +) * Double(callsPerSample)
                if total >= plan.maximumSeconds { break }
                if Estimate(samples: samples).relativeError <= plan.relativePrecision { break }
            }
            samples.append(sample())
            isLost = racing?.isLost(samples) ?? false
        }
        return isLost
    }

    func measurement(_ samples: [Double]) -> Measurement {
        Measurement(
            samples: samples, callsPerSample: callsPerSample,
            seconds: Estimate(samples: samples).value,
            racedAgainst: isLost ? racing?.best : nil, repeatedSamples: watch.repeated,
            taintedSamples: watch.tainted, disturbance: watch.disturbance)
    }
}
