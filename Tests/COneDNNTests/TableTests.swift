import COneDNN
import Synchronization
import Testing

/// The table of ops is bounded: the least recently used goes.
@Suite struct TableTests {
  /// Destroyed values of this suite's tables, by what they point to.
  private static let gone = Mutex<[UInt: [Int]]>([:])

  private final class Value {
    let number: Int, owner: UInt
    init(_ number: Int, _ owner: UInt) { (self.number, self.owner) = (number, owner) }
    var pointer: UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }
  }

  private static func key(_ number: Int) -> [Int64] {
    [Int64(number)] + Array(repeating: 0, count: Int(IDNN_KEY_LENGTH) - 1)
  }

  private static func number(_ value: UnsafeMutableRawPointer?) -> Int? {
    value.map { Unmanaged<Value>.fromOpaque($0).takeUnretainedValue().number }
  }

  @Test(arguments: [1, 2, 100, 3000]) func keepsTheMostRecent(limit: Int) throws {
    let created = idnn_table_create(
      Int64(limit),
      { pointer in
        guard let pointer else { return }
        let value = Unmanaged<Value>.fromOpaque(pointer).takeRetainedValue()
        TableTests.gone.withLock { $0[value.owner, default: []].append(value.number) }
      })
    let table = try #require(created)
    let owner = UInt(bitPattern: table)
    var numbers: [UInt64] = []
    for n in 0..<(limit + 50) {
      #expect(idnn_table_find(table, Self.key(n)) == nil)
      numbers.append(idnn_table_add(table, Self.key(n), Value(n, owner).pointer))
      // The first is asked for again and again, and stays unless it is alone.
      let first = Self.number(idnn_table_find(table, Self.key(0)))
      #expect(first == (limit == 1 && n > 0 ? nil : 0))
      #expect(idnn_table_count(table) == Int64(min(n + 1, limit)))
    }
    #expect(Set(numbers).count == numbers.count && !numbers.contains(0))
    let kept = (0..<(limit + 50)).filter { Self.number(idnn_table_get(table, numbers[$0])) == $0 }
    #expect(kept == (limit == 1 ? [] : [0]) + Array((51 + (limit == 1 ? -1 : 0))..<(limit + 50)))
    let lost = Self.gone.withLock { $0[owner] ?? [] }
    #expect(lost.sorted() == (0..<(limit + 50)).filter { !kept.contains($0) })
    idnn_table_destroy(table)
    #expect(Self.gone.withLock { $0.removeValue(forKey: owner) }?.count == limit + 50)
  }

  /// Another key is another value, wherever it differs: the thread count is the last number of an op's.
  @Test func everyNumberOfAKeyCounts() throws {
    let created = idnn_table_create(1000, { _ in })
    let table = try #require(created)
    defer { idnn_table_destroy(table) }
    let marks = [UInt8](repeating: 0, count: 32)
    try marks.withUnsafeBytes { bytes in
      let base = try #require(bytes.baseAddress)
      for place in 0..<Int(IDNN_KEY_LENGTH) {
        var key = Self.key(0)
        key[place] = 7
        #expect(idnn_table_find(table, key) == nil)
        _ = idnn_table_add(table, key, UnsafeMutableRawPointer(mutating: base + place))
        #expect(idnn_table_find(table, key) == UnsafeMutableRawPointer(mutating: base + place))
      }
    }
  }
}
