import SafeTensors

/// Walks the opcodes of a pickle and builds plain values in place of Python objects. Never executes anything.
///
/// A pickle is a program for a stack machine. This one knows the opcodes that weights need and the names of
/// `PickleGlobal`; all else is refused by its name. Source: CPython, Lib/pickletools.py.
struct PickleMachine {
  /// Contents of lists, tuples and dictionaries, by position. A dictionary is keys and values in turn.
  private(set) var arena: [[PickleValue]] = []
  var reader: LittleEndianReader
  private var stack: [PickleValue] = []
  /// Heights of the stack at each open mark.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var copied = 0

  /// More than any checkpoint needs; each step makes one value at most, so this bounds memory.
  static let stepLimit = 8_000_000

  /// - Parameter reader: stands where the pickle starts; afterwards behind its end.
  init(_ reader: LittleEndianReader) { self.reader = reader }

  func refusal(_ what: String) -> CheckpointError { .refusedPickle(path: reader.path, what: what) }

  /// Runs to the end of one pickle and gives its value.
  mutating func run() throws(CheckpointError) -> PickleValue {
    (stack, marks, memo) = ([], [], [:])
    for _ in 0..<Self.stepLimit {
      let code = try reader.u8()
      if code == UInt8(ascii: ".") { return try pop() }
      try step(code)
    }
    throw refusal("has more than \(Self.stepLimit) steps")
  }

  /// Counts values that one step copies: a short program could copy a long list again and again.
  mutating func charge(_ count: Int) throws(CheckpointError) {
    copied += count
    guard copied <= Self.stepLimit else { throw refusal("copies more than \(Self.stepLimit) values") }
  }

  // MARK: Opcodes

  private mutating func step(_ code: UInt8) throws(CheckpointError) {
    switch code {
    case 0x80:
      let version = try reader.u8()
      guard version <= 5 else { throw refusal("has the unknown protocol \(version)") }
    case 0x95: _ = try reader.length()  // FRAME
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "J"): stack.append(.integer(Int(try reader.i32())))
    case UInt8(ascii: "K"): stack.append(.integer(Int(try reader.u8())))
    case UInt8(ascii: "M"): stack.append(.integer(Int(try reader.u16())))
    case 0x8a: stack.append(Self.integer(try reader.slice(Int(try reader.u8()))))
    case 0x8b: stack.append(Self.integer(try reader.slice(Int(try reader.i32()))))
    case UInt8(ascii: "G"):
      stack.append(.real(Double(bitPattern: UInt64(bigEndian: UInt64(littleEndian: try reader.u64())))))
    case UInt8(ascii: "X"): stack.append(.text(try reader.text(Int(try reader.u32()))))
    case 0x8c: stack.append(.text(try reader.text(Int(try reader.u8()))))
    case 0x8d: stack.append(.text(try reader.text(try reader.length())))
    // Python 2's byte strings: text where it is text.
    case UInt8(ascii: "U"): stack.append(Self.string(try reader.slice(Int(try reader.u8()))))
    case UInt8(ascii: "T"): stack.append(Self.string(try reader.slice(Int(try reader.i32()))))
    case UInt8(ascii: "C"): stack.append(.bytes(Array(try reader.slice(Int(try reader.u8())))))
    case UInt8(ascii: "B"): stack.append(.bytes(Array(try reader.slice(Int(try reader.u32())))))
    case 0x8e: stack.append(.bytes(Array(try reader.slice(try reader.length()))))
    case UInt8(ascii: "]"): stack.append(.list(allocate([])))
    case UInt8(ascii: "}"): stack.append(.dictionary(allocate([])))
    case UInt8(ascii: ")"): stack.append(.tuple(allocate([])))
    case UInt8(ascii: "l"): stack.append(.list(allocate(try popMark())))
    case UInt8(ascii: "t"): stack.append(.tuple(allocate(try popMark())))
    case UInt8(ascii: "d"): stack.append(.dictionary(allocate(try pairs(try popMark()))))
    case 0x85...0x87: stack.append(.tuple(allocate(try pop(Int(code - 0x84)))))
    case UInt8(ascii: "a"): try extendList(try pop(1))
    case UInt8(ascii: "e"): try extendList(try popMark())
    case UInt8(ascii: "s"): try extendDictionary(try pop(2))
    case UInt8(ascii: "u"): try extendDictionary(try pairs(try popMark()))
    case UInt8(ascii: "q"): memo[Int(try reader.u8())] = try top()
    case UInt8(ascii: "r"): memo[Int(try reader.u32())] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): try recall(Int(try reader.u8()))
    case UInt8(ascii: "j"): try recall(Int(try reader.u32()))
    case UInt8(ascii: "c"): try pushGlobal(module: try reader.line(), name: try reader.line())
    case 0x93:
      let names = try pop(2)
      guard let module = names[0].textValue, let name = names[1].textValue else {
        throw refusal("asks for a global by something that is no name")
      }
      try pushGlobal(module: module, name: name)
    case UInt8(ascii: "Q"): stack.append(try persistent(try pop()))
    case UInt8(ascii: "R"):
      let parts = try pop(2)
      stack.append(try call(parts[0], parts[1]))
    case UInt8(ascii: "b"):
      let state = try pop()
      stack.append(try build(try pop(), state))
    default: try stepBesideWeights(code)
    }
  }

  /// Opcodes weights have no use for, but what people keep beside them has.
  private mutating func stepBesideWeights(_ code: UInt8) throws(CheckpointError) {
    switch code {
    case 0x81: stack.append(try newObject(try pop(2)))
    case 0x92:
      let parts = try pop(3)
      stack.append(try newObject(Array(parts[..<2])))
    case 0x8f: stack.append(.ignored(.harmless("set")))
    case 0x90:
      _ = try popMark()
      guard case .ignored = try top() else { throw refusal("adds to \(try top().kind)") }
    case 0x91:
      _ = try popMark()
      stack.append(.ignored(.harmless("frozenset")))
    case 0x96:
      _ = try reader.slice(try reader.length())
      stack.append(.ignored(.harmless("bytearray")))
    default: throw refusal("uses the opcode \(Self.opcodeName(code))")
    }
  }

  /// Opcodes that have no place in weights, by name where they are known to be abused.
  private static func opcodeName(_ code: UInt8) -> String {
    let known: [UInt8: String] = [
      UInt8(ascii: "i"): "INST", UInt8(ascii: "o"): "OBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4",
      UInt8(ascii: "P"): "PERSID", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
    ]
    return known[code] ?? "0x" + String(code, radix: 16)
  }

  private mutating func pushGlobal(module: String, name: String) throws(CheckpointError) {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw refusal("asks for \(module).\(name)")
    }
    stack.append(.global(global))
  }

  // MARK: The stack and the arena

  mutating func allocate(_ items: [PickleValue]) -> Int {
    arena.append(items)
    return arena.count - 1
  }

  /// Adds to a container's contents.
  mutating func extend(_ index: Int, by items: [PickleValue]) { arena[index].append(contentsOf: items) }

  private func underflow() -> CheckpointError { reader.failure("its pickle takes more values than it makes") }

  private func top() throws(CheckpointError) -> PickleValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else { throw underflow() }
    return value
  }

  private mutating func pop() throws(CheckpointError) -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func pop(_ count: Int) throws(CheckpointError) -> [PickleValue] {
    guard stack.count - count >= marks.last ?? 0 else { throw underflow() }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  private mutating func popMark() throws(CheckpointError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw underflow() }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private mutating func recall(_ index: Int) throws(CheckpointError) {
    guard let value = memo[index] else { throw reader.failure("its pickle recalls nothing under \(index)") }
    stack.append(value)
  }

  private func pairs(_ items: [PickleValue]) throws(CheckpointError) -> [PickleValue] {
    guard items.count.isMultiple(of: 2) else { throw underflow() }
    return items
  }

  private mutating func extendList(_ items: [PickleValue]) throws(CheckpointError) {
    if case .ignored = try top() { return }
    guard case .list(let index) = try top() else { throw refusal("appends to \(try top().kind)") }
    arena[index].append(contentsOf: items)
  }

  private mutating func extendDictionary(_ items: [PickleValue]) throws(CheckpointError) {
    if case .ignored = try top() { return }
    guard case .dictionary(let index) = try top() else { throw refusal("sets items of \(try top().kind)") }
    arena[index].append(contentsOf: items)
  }

  // MARK: Literals

  /// Two's complement, little endian, of any length.
  private static func integer(_ bytes: UnsafeRawBufferPointer) -> PickleValue {
    guard bytes.count <= 8 else { return .bigInteger(Array(bytes)) }
    var value = bytes.last.map { $0 & 0x80 != 0 } == true ? -1 : 0
    for byte in bytes.reversed() { value = value << 8 | Int(byte) }
    return .integer(value)
  }

  private static func string(_ bytes: UnsafeRawBufferPointer) -> PickleValue {
    String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .bytes(Array(bytes))
  }
}
