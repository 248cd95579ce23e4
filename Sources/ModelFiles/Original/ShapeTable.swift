import Checkpoints

/// Shapes of tensors by key, below a prefix.
public struct ShapeTable: Sendable {
  private let shapes: [String: [Int]]
  /// Sorted, so that keys below a prefix stand together.
  let keys: [String]

  public init(_ file: TensorFile) {
    self.init(Dictionary(file.keys.map { ($0, file.shape(of: $0) ?? []) }) { first, _ in first })
  }

  /// - Parameter shapes: by key.
  public init(_ shapes: [String: [Int]]) {
    self.shapes = shapes
    keys = shapes.keys.sorted()
  }

  subscript(key: String) -> [Int]? { shapes[key] }

  /// One dimension of a tensor; nil if it has none.
  func size(_ key: String, _ axis: Int) -> Int? {
    guard let shape = shapes[key], axis < shape.count else { return nil }
    return shape[axis]
  }

  func hasKey(under prefix: String) -> Bool {
    // The first key not below the prefix's place in the order.
    var (low, high) = (0, keys.count)
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < prefix { low = middle + 1 } else { high = middle }
    }
    return low < keys.count && keys[low].hasPrefix(prefix)
  }

  /// The table of the keys below a prefix, without it.
  public func under(_ prefix: String) -> ShapeTable {
    ShapeTable(
      Dictionary(
        uniqueKeysWithValues: shapes.compactMap { key, shape in
          key.hasPrefix(prefix) ? (String(key.dropFirst(prefix.count)), shape) : nil
        }))
  }

  /// How many numbers n = 0, 1, … have keys below `prefix` + n + ".".
  func count(under prefix: String) -> Int {
    var count = 0
    while count < 1000, hasKey(under: "\(prefix)\(count).") { count += 1 }
    return count
  }
}
