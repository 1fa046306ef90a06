import CSIMD
import Glibc

/// What one query head attends to, in double precision.
enum AttentionDecodeReference {
    static func row(
        _ call: UnsafePointer<KernelCall>, _ row: Int, _ out: UnsafeMutablePointer<Double>
    ) {
        let d = call.pointee.dimensions
        let (group, tokens, size) = (Int(d[1]), Int(d[2]), Int(d[3]))
        let head = row / group * Int(d[4]) * size
        let q = call.pointee.buffers[0].assumingMemoryBound(to: Float.self) + row * size
        let keys = call.pointee.buffers[1].assumingMemoryBound(to: Float.self) + head
        let values = call.pointee.buffers[2].assumingMemoryBound(to: Float.self) + head
        func score(_ token: Int) -> Double {
            var sum = 0.0
            for i in 0..<size { sum += Double(q[i]) * Double(keys[token * size + i]) }
            return sum / Double(size).squareRoot()
        }
        var greatest = -Double.infinity
        for token in 0..<tokens { greatest = max(greatest, score(token)) }
        for i in 0..<size { out[i] = 0 }
        var total = 0.0
        for token in 0..<tokens {
            let weight = exp(score(token) - greatest)
            total += weight
            for i in 0..<size { out[i] += weight * Double(values[token * size + i]) }
        }
        // Nothing to attend to: zeros.
        for i in 0..<size where total > 0 { out[i] /= total }
    }
}
