#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A number that the constraints of a space compute from several parameters: a block's threads, a tile's bytes.
///
/// What constraints bound is what the hardware runs short of, so times follow it: models of times learn from quantities.
public struct Quantity: Hashable, Sendable {
    fileprivate indirect enum Term: Hashable, Sendable {
        case constant(Double)
        case parameter(Int)
        case negate(Term)
        case absolute(Term)
        case extremum(wantsLeast: Bool, [Term])
        case arithmetic(ExpressionArithmetic, Term, Term)
    }

    fileprivate let term: Term

    /// One number a row, in double precision; not finite where the arithmetic is not.
    ///
    /// `column` gives the values of the parameter at a position, one a row; all columns have `rows` of them.
    public func values(rows: Int, column: (Int) -> [Double]) -> [Double] {
        Self.values(of: term, rows, column)
    }

    private static func values(of term: Term, _ rows: Int, _ column: (Int) -> [Double]) -> [Double]
    {
        func columns(_ left: Term, _ right: Term, _ apply: (Double, Double) -> Double) -> [Double] {
            let (left, right) = (values(of: left, rows, column), values(of: right, rows, column))
            return (0..<rows).map { apply(left[$0], right[$0]) }
        }
        switch term {
        case .constant(let value): return Array(repeating: value, count: rows)
        case .parameter(let position): return column(position)
        case .negate(let operand): return values(of: operand, rows, column).map { -$0 }
        case .absolute(let operand): return values(of: operand, rows, column).map { abs($0) }
        case .extremum(let wantsLeast, let terms):
            let all = terms.map { values(of: $0, rows, column) }
            return (0..<rows).map { row in
                let ofRow = all.map { $0[row] }
                return (wantsLeast ? ofRow.min() : ofRow.max()) ?? 0
            }
        case .arithmetic(let operation, let left, let right):
            switch operation {
            case .add: return columns(left, right, +)
            case .subtract: return columns(left, right, -)
            case .multiply: return columns(left, right, *)
            case .divide: return columns(left, right, /)
            case .floorDivide: return columns(left, right) { ($0 / $1).rounded(.down) }
            case .modulo: return columns(left, right) { $0 - $1 * ($0 / $1).rounded(.down) }
            case .power: return columns(left, right) { pow($0, $1) }
            }
        }
    }
}

extension SearchSpace {
    /// The sums, differences, products and quotients of two parameters or more within the constraints, none twice.
    ///
    /// Remainders are none: a constraint asks them to be 0.
    public var quantities: [Quantity] {
        let positions = Dictionary(
            uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
        var found: [Quantity] = []
        var seen: Set<Quantity> = []
        for constraint in constraints {
            let slots = constraint.expression.slots.map { slot -> Quantity.Term? in
                if let position = positions[slot.name] { return .parameter(position) }
                return constants[slot.name].flatMap(\.number).map { .constant($0) }
            }
            constraint.expression.root.forEachNode { node in
                guard case .arithmetic(let operation, _, _, _) = node, operation != .modulo,
                    let term = Quantity.Term(node, slots: slots), term.parameters.count > 1,
                    seen.insert(Quantity(term: term)).inserted
                else { return }
                found.append(Quantity(term: term))
            }
        }
        return found
    }
}

extension Quantity.Term {
    /// Nil if the node computes with anything but numbers.
    fileprivate init?(_ node: ExpressionNode, slots: [Self?]) {
        func term(_ node: ExpressionNode) -> Self? { Self(node, slots: slots) }
        switch node {
        case .constant(let value):
            guard let number = value.number else { return nil }
            self = .constant(number)
        case .slot(let slot):
            guard let term = slots[slot] else { return nil }
            self = term
        case .negate(let operand, _):
            guard let operand = term(operand) else { return nil }
            self = .negate(operand)
        case .absolute(let operand, _):
            guard let operand = term(operand) else { return nil }
            self = .absolute(operand)
        case .extremum(let wantsLeast, let nodes, _):
            let terms = nodes.compactMap(term)
            guard terms.count == nodes.count else { return nil }
            self = .extremum(wantsLeast: wantsLeast, terms)
        case .arithmetic(let operation, let left, let right, _):
            guard let left = term(left), let right = term(right) else { return nil }
            self = .arithmetic(operation, left, right)
        case .not, .and, .or, .chain: return nil
        }
    }

    /// Positions of the parameters it reads.
    fileprivate var parameters: Set<Int> {
        switch self {
        case .constant: []
        case .parameter(let position): [position]
        case .negate(let operand), .absolute(let operand): operand.parameters
        case .extremum(_, let terms): terms.reduce(into: []) { $0.formUnion($1.parameters) }
        case .arithmetic(_, let left, let right): left.parameters.union(right.parameters)
        }
    }
}
