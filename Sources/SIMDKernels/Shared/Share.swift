/// The part of 0..<count that is one thread's: threads get neighbouring parts of the same number of whole `granule`s, the last ones less.
@inline(__always)
func share(_ count: Int, granule: Int, _ thread: Int, of threads: Int) -> (start: Int, end: Int) {
    let granules = (count &+ granule &- 1) / granule
    let size = (granules &+ threads &- 1) / threads &* granule
    return (min(thread &* size, count), min((thread &+ 1) &* size, count))
}
