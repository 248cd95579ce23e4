import NN
import TensorCore

/// An image of which any rows can be had without all of it being in memory.
protocol RowSource: AnyObject {
  var height: Int { get }
  var width: Int { get }
  var channels: Int { get }
  /// Rows `[1, range.count, width, channels]`. With wrapped edges a range may reach beyond the image.
  func rows(_ range: Range<Int>) -> Tensor
  /// Says that no row before this one will be asked for again.
  func release(before row: Int)
  /// Bytes kept in memory to compute rows from.
  var heldBytes: Int { get }
  /// Numbers in the widest layer that one row passes on its way.
  var elementsPerRow: Int { get }
}

/// Rows that are in memory, in bands given up one by one.
final class StoredRows: RowSource {
  private(set) var height = 0
  let width, channels: Int
  private var bands: [(start: Int, count: Int, tensor: Tensor?)] = []

  init(width: Int, channels: Int) { (self.width, self.channels) = (width, channels) }

  /// A whole image `[1, H, W, C]`.
  convenience init(_ image: Tensor) {
    self.init(width: image.shape[2], channels: image.shape[3])
    append(image)
  }

  /// Adds rows at the bottom.
  func append(_ rows: Tensor) {
    bands.append((height, rows.shape[1], rows))
    height += rows.shape[1]
  }

  func rows(_ range: Range<Int>) -> Tensor {
    if range.lowerBound < 0 {
      let above = rows((range.lowerBound + height)..<height)
      return Tensor.concatenate([above, rows(0..<range.upperBound)], axis: 1)
    }
    if range.upperBound > height {
      let below = rows(0..<(range.upperBound - height))
      return Tensor.concatenate([rows(range.lowerBound..<height), below], axis: 1)
    }
    let parts = bands.compactMap { band -> Tensor? in
      let from = max(range.lowerBound, band.start)
      let to = min(range.upperBound, band.start + band.count)
      guard from < to else { return nil }
      guard let tensor = band.tensor else { preconditionFailure("rows \(from)..<\(to) were given up") }
      return tensor.slice(axis: 1, from: from - band.start, count: to - from)
    }
    return Tensor.concatenate(parts, axis: 1)
  }

  func release(before row: Int) {
    // With wrapped edges the last rows see the first ones again.
    let first = ImageEdges.current == .wrapped ? 1 : 0
    var isFreed = false
    for index in bands.indices.dropFirst(first)
    where bands[index].tensor != nil && bands[index].start + bands[index].count <= row {
      bands[index].tensor = nil
      isFreed = true
    }
    // The pool would keep bands of a size that nobody asks for again.
    if isFreed { Processor.releaseCachedMemory() }
  }

  var heldBytes: Int {
    bands.reduce(0) { $0 + ($1.tensor.map { $0.count * $0.dtype.byteSize } ?? 0) }
  }

  var elementsPerRow: Int { width * channels }

  /// The whole image.
  var image: Tensor { Tensor.concatenate(bands.compactMap(\.tensor), axis: 1) }
}

/// Rows that are computed from another source's when asked for.
final class ComputedRows: RowSource {
  let height, width, channels: Int
  private let source: any RowSource
  private let compute: (Range<Int>) -> Tensor
  private let firstNeeded: (Int) -> Int
  let elementsPerRow: Int

  /// - Parameters:
  ///   - firstNeeded: the first row of the source that rows from the given one on are made of.
  init(
    from source: any RowSource, height: Int, width: Int, channels: Int, firstNeeded: @escaping (Int) -> Int,
    compute: @escaping (Range<Int>) -> Tensor
  ) {
    (self.height, self.width, self.channels) = (height, width, channels)
    (self.source, self.compute, self.firstNeeded) = (source, compute, firstNeeded)
    // Half a row, one, or two of the source for each.
    elementsPerRow = max(width * channels, source.elementsPerRow * source.height / height)
  }

  func rows(_ range: Range<Int>) -> Tensor { compute(range) }
  func release(before row: Int) { source.release(before: firstNeeded(row)) }
  var heldBytes: Int { source.heldBytes }
}

extension RowSource {
  /// The rows a 3×3 convolution needs for some, and the padding where there are none.
  func neighbourhood(of range: Range<Int>) -> (rows: Range<Int>, padding: Padding) {
    let wide = (range.lowerBound - 1)..<(range.upperBound + 1)
    if ImageEdges.current == .wrapped { return (wide, Padding(top: 0, left: 1, bottom: 0, right: 1)) }
    let inside = wide.clamped(to: 0..<height)
    return (
      inside,
      Padding(
        top: inside.lowerBound - wide.lowerBound, left: 1, bottom: wide.upperBound - inside.upperBound, right: 1)
    )
  }
}
