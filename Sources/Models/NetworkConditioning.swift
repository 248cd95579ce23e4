import TensorCore

/// What a denoising network is told besides the noisy sample and its time; everything has a row for each row of the sample.
///
/// One type for all networks, each of which reads what it was made for and leaves the rest.
public struct NetworkConditioning: Sendable {
  /// States of a text `[B, T, D]`, which cross-attention reads.
  public var context: Tensor?
  /// A text as one vector, `[B, P]`.
  public var pooled: Tensor?
  /// Of each row, in pixels: original height and width, crop top and left, target height and width (Podell et al. 2023,
  /// §2.2); empty where nothing is said.
  public var sizes: [[Float]]
  /// A class for each row.
  public var classes: [Int]?

  public init(context: Tensor? = nil, pooled: Tensor? = nil, sizes: [[Float]] = [], classes: [Int]? = nil) {
    (self.context, self.pooled, self.sizes, self.classes) = (context, pooled, sizes, classes)
  }

  /// Tokens of the text; 0 without one.
  public var length: Int { context?.shape[1] ?? 0 }

  /// Rows of equal length as one batch. What one of them lacks, the batch does.
  public static func joined(_ rows: [NetworkConditioning]) -> NetworkConditioning {
    func batch(_ tensors: [Tensor?]) -> Tensor? {
      let there = tensors.compactMap { $0 }
      return there.isEmpty || there.count < tensors.count ? nil : Tensor.concatenate(there, axis: 0)
    }
    let classes = rows.compactMap(\.classes)
    return NetworkConditioning(
      context: batch(rows.map(\.context)), pooled: batch(rows.map(\.pooled)), sizes: rows.flatMap(\.sizes),
      classes: classes.count == rows.count && !rows.isEmpty ? classes.flatMap { $0 } : nil)
  }

  /// Whether rows of another conditioning can stand in one batch with these.
  public func fits(_ other: NetworkConditioning) -> Bool {
    length == other.length && (pooled == nil) == (other.pooled == nil) && (classes == nil) == (other.classes == nil)
  }
}
