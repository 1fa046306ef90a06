import WorkerProtocol

/// Problems and what they mean in numbers.
extension Kernel {
    /// A problem from what a person gave; computes defaults, checks minima and unknown or missing names.
    public func problem(_ given: [String: Int]) throws(KernelSpaceError) -> Problem {
        let names = dimensions.map(\.name)
        for name in given.keys.sorted() where !names.contains(name) {
            throw KernelSpaceError(
                .problem, "\(self.name): \(unknown("dimension", name, allowed: names))")
        }
        var bindings: [String: Value] = [:]
        var values: [Problem.Dimension] = []
        for dimension in dimensions {
            let computed = try dimension.defaultValue.map { expression throws(KernelSpaceError) in
                try integer(expression, "the default of \(dimension.name)", bindings)
            }
            guard let value = given[dimension.name] ?? computed else {
                let needed = dimensions.filter { $0.defaultValue == nil }.map(\.name)
                throw KernelSpaceError(
                    .problem,
                    "\(name): the dimension \(dimension.name) is missing; a problem gives "
                        + needed.joined(separator: ", "))
            }
            let minimum = try dimension.minimum.map { expression throws(KernelSpaceError) in
                try integer(expression, "the minimum of \(dimension.name)", bindings)
            }
            guard value >= max(0, minimum ?? 0) else {
                let why = dimension.minimum.map { " (\($0.source))" } ?? ""
                throw KernelSpaceError(
                    .problem,
                    "\(name): \(dimension.name)=\(value) is less than \(max(0, minimum ?? 0))\(why)"
                )
            }
            bindings[dimension.name] = .integer(value)
            values.append(
                Problem.Dimension(
                    name: dimension.name, value: value, isDefault: value == computed))
        }
        return Problem(dimensions: values)
    }

    /// `m=512,n=512,k=512`
    public func problem(parsing text: String) throws(KernelSpaceError) -> Problem {
        var given: [String: Int] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, let value = Int(sides[1].filter { $0 != " " }) else {
                throw KernelSpaceError(
                    .problem,
                    "\(name): \"\(part.prefix(60))\" in a problem is not of the form dimension=integer; "
                        + "write \(representativeProblems.first?.description ?? "m=512,n=512")")
            }
            let dimension = sides[0].filter { $0 != " " }
            guard given.updateValue(value, forKey: dimension) == nil else {
                throw KernelSpaceError(
                    .problem, "\(name): the problem gives \(dimension) twice")
            }
        }
        return try problem(given)
    }

    /// The problem in numbers; scratch buffers have count 0 here (see `scratch`).
    public func layout(of problem: Problem) throws(KernelSpaceError) -> ProblemLayout {
        let bindings = bindings(of: problem)
        var layouts: [BufferLayout] = []
        for buffer in buffers {
            let place =
                buffer.role == .scratch
                ? (shape: [0], strides: [1]) : try self.place(of: buffer, bindings)
            layouts.append(
                BufferLayout(
                    name: buffer.name, role: buffer.role, element: buffer.element,
                    shape: place.shape, strides: place.strides, fill: buffer.fill))
        }
        // A reference computes row r of every output at once.
        let rows = Set(layouts.filter { $0.role == .output }.map { $0.shape[0] })
        guard rows.count <= 1 else {
            throw KernelSpaceError(
                .problem,
                "\(name): the outputs differ in their first axis (\(rows.sorted())) for "
                    + problem.canonical)
        }
        return ProblemLayout(
            dimensions: problem.dimensions.map(\.value), buffers: layouts,
            absoluteTolerance: try magnitude(absoluteTolerance, "tolerance.absolute", bindings),
            relativeTolerance: try magnitude(relativeTolerance, "tolerance.relative", bindings),
            operations: try work(on: problem).flops)
    }

    /// The problems in numbers, in order.
    public func layouts(of problems: [Problem]) throws(KernelSpaceError) -> [ProblemLayout] {
        var layouts: [ProblemLayout] = []
        for problem in problems { layouts.append(try layout(of: problem)) }
        return layouts
    }

    /// Element counts of the scratch buffers of `configuration` on `problem`, in manifest order.
    public func scratch(of configuration: Configuration, on problem: Problem)
        throws(KernelSpaceError) -> [Int]
    {
        let bindings = bindings(of: problem).merging(configuration.values) { size, _ in size }
        var counts: [Int] = []
        for buffer in buffers where buffer.role == .scratch {
            counts.append(try elementCount(try shape(of: buffer, bindings), of: buffer))
        }
        return counts
    }

    /// Flops and bytes of one call.
    public func work(on problem: Problem) throws(KernelSpaceError) -> (flops: Double, bytes: Double)
    {
        let bindings = bindings(of: problem)
        return (
            try magnitude(work.flops, "work.flops", bindings),
            try magnitude(work.bytes, "work.bytes", bindings)
        )
    }

    /// Where calls on a problem find their buffers.
    public func cachePolicy(on problem: Problem) throws(KernelSpaceError) -> CachePolicy {
        switch caching {
        case .always(let policy): return policy
        case .coldWhere(let condition):
            do {
                return try condition.evaluate(bindings(of: problem)).truth ? .cold : .hot
            } catch {
                throw KernelSpaceError(
                    .problem, "\(name): cache.cold, \"\(condition.source)\", \(error.message)")
            }
        }
    }

    func bindings(of problem: Problem) -> [String: Value] {
        var bindings: [String: Value] = [:]
        for dimension in problem.dimensions { bindings[dimension.name] = .integer(dimension.value) }
        return bindings
    }

    private func place(of buffer: Buffer, _ bindings: [String: Value]) throws(KernelSpaceError)
        -> (shape: [Int], strides: [Int])
    {
        let shape = try shape(of: buffer, bindings)
        let count = try elementCount(shape, of: buffer)
        var strides = shape
        if buffer.strides.isEmpty {
            var stride = 1
            for axis in shape.indices.reversed() {
                strides[axis] = stride
                stride = count == 0 ? stride : stride * shape[axis]
            }
            return (shape, strides)
        }
        for (axis, expression) in buffer.strides.enumerated() {
            strides[axis] = try integer(expression, "a stride of \(buffer.name)", bindings)
        }
        guard strides.last == 1 else {
            throw KernelSpaceError(
                .problem,
                "\(name): buffer \(buffer.name): the last stride must be 1, not \(strides)")
        }
        // Elements must not overlap: a stride spans at least what lies within it.
        var span = 1
        for axis in shape.indices.reversed() where count > 0 && shape[axis] > 1 {
            let (reach, overflow) = strides[axis].multipliedReportingOverflow(by: shape[axis] - 1)
            guard strides[axis] >= span, !overflow,
                reach <= Bounds.bufferBytes / buffer.element.size - span
            else {
                throw KernelSpaceError(
                    .problem,
                    "\(name): buffer \(buffer.name): strides \(strides) of shape \(shape) overlap or "
                        + "span more than \(Bounds.bufferBytes) bytes")
            }
            span += reach
        }
        return (shape, strides)
    }

    private func shape(of buffer: Buffer, _ bindings: [String: Value]) throws(KernelSpaceError)
        -> [Int]
    {
        var shape: [Int] = []
        for expression in buffer.shape {
            let length = try integer(expression, "an axis of \(buffer.name)", bindings)
            guard length >= 0 else {
                throw KernelSpaceError(
                    .problem,
                    "\(name): buffer \(buffer.name): the axis \"\(expression.source)\" is \(length), "
                        + "less than 0")
            }
            shape.append(length)
        }
        return shape
    }

    private func elementCount(_ shape: [Int], of buffer: Buffer) throws(KernelSpaceError) -> Int {
        if shape.contains(0) { return 0 }
        var bytes = buffer.element.size
        for length in shape {
            let product = bytes.multipliedReportingOverflow(by: length)
            guard !product.overflow, product.partialValue <= Bounds.bufferBytes else {
                throw KernelSpaceError(
                    .problem,
                    "\(name): buffer \(buffer.name) of shape \(shape) is larger than "
                        + "\(Bounds.bufferBytes) bytes")
            }
            bytes = product.partialValue
        }
        return bytes / buffer.element.size
    }

    private func integer(_ expression: Expression, _ what: String, _ bindings: [String: Value])
        throws(KernelSpaceError) -> Int
    {
        do {
            return try expression.integer(bindings)
        } catch {
            throw KernelSpaceError(
                .problem, "\(name): \(what), \"\(expression.source)\", \(error.message)")
        }
    }

    private func magnitude(_ expression: Expression, _ what: String, _ bindings: [String: Value])
        throws(KernelSpaceError) -> Double
    {
        do {
            return try expression.magnitude(bindings)
        } catch {
            throw KernelSpaceError(
                .problem, "\(name): \(what), \"\(expression.source)\", \(error.message)")
        }
    }
}
