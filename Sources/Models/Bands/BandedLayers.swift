import NN
import TensorCore

/// Evaluates an autoencoder's layers on bands of rows, with statistics over whole images.
///
/// The result is that of the layers on the whole image, up to rounding: there are no seams and no shifts of tone. What would
/// not fit into the budget is computed again instead of kept.
struct BandedLayers {
  /// Bytes that rows kept between layers may take.
  let budget: Int
  /// Bytes of one band.
  let bandBytes: Int
  let dtype: DType

  /// Ranges of rows that together make an image.
  private func ranges(of source: any RowSource, channels: Int) -> [Range<Int>] {
    let each = max(source.width * channels, source.elementsPerRow) * dtype.byteSize
    let count = max(bandBytes / max(each, 1), 8)
    return stride(from: 0, to: source.height, by: count).map { $0..<min($0 + count, source.height) }
  }

  /// The rows in memory if they fit beside `others` bytes.
  func stored(_ source: any RowSource, beside others: Int) -> any RowSource {
    let bytes = source.height * source.width * source.channels * dtype.byteSize
    return bytes + others > budget ? source : all(of: source)
  }

  /// All rows in memory.
  func all(of source: any RowSource) -> StoredRows {
    let result = StoredRows(width: source.width, channels: source.channels)
    for range in ranges(of: source, channels: source.channels) {
      result.append(source.rows(range))
      // One row above the next band is needed by convolutions behind.
      source.release(before: range.upperBound - 2)
    }
    source.release(before: source.height)
    return result
  }

  /// A 3×3 convolution with stride 1.
  func convolution(_ conv: Conv2d, _ source: any RowSource, outputs: Int) -> any RowSource {
    ComputedRows(
      from: source, height: source.height, width: source.width, channels: outputs, firstNeeded: { $0 - 1 },
      compute: { range in
        let (rows, padding) = source.neighbourhood(of: range)
        return conv(source.rows(rows), padding: padding)
      })
  }

  /// GroupNorm with SiLU and a 3×3 convolution behind it.
  func normalizedConvolution(
    _ norm: GroupNorm, _ conv: Conv2d, _ source: any RowSource, outputs: Int
  ) -> any RowSource {
    var statistics = GroupStatistics(groups: norm.groups)
    for range in ranges(of: source, channels: source.channels) { statistics.add(source.rows(range)) }
    let affine = statistics.affine(norm)
    return ComputedRows(
      from: source, height: source.height, width: source.width, channels: outputs, firstNeeded: { $0 - 1 },
      compute: { range in
        let (rows, padding) = source.neighbourhood(of: range)
        return conv(source.rows(rows).normalized(affine), padding: padding)
      })
  }

  /// A residual block; its result is stored, its input given up.
  func resnet(_ block: ResnetBlock2D, _ source: any RowSource, outputs: Int) -> StoredRows {
    // Pass 1 gathers norm1's statistics, pass 2 norm2's; the middle is kept if there is room, else computed again.
    let first = normalizedConvolution(block.norm1, block.conv1, Kept(source), outputs: outputs)
    let middle = stored(first, beside: source.heldBytes)
    let second = normalizedConvolution(block.norm2, block.conv2, middle, outputs: outputs)
    let result = StoredRows(width: source.width, channels: outputs)
    for range in ranges(of: source, channels: outputs) {
      let x = source.rows(range)
      result.append(second.rows(range) + (block.shortcut.map { $0(x) } ?? x))
      second.release(before: range.upperBound - 2)
      // Two convolutions reach two rows up.
      source.release(before: range.upperBound - 4)
    }
    source.release(before: source.height)
    return result
  }

  /// Nearest doubling with its convolution.
  func upsampled(_ layer: Upsample2D, _ source: any RowSource) -> any RowSource {
    let (height, width) = (source.height * 2, source.width * 2)
    let doubled = ComputedRows(
      from: source, height: height, width: width, channels: source.channels, firstNeeded: { $0 / 2 - 1 },
      compute: { range in
        // Rounds down for the rows above the image too.
        let from = (range.lowerBound - (range.lowerBound & 1)) / 2
        let to = (range.upperBound + (range.upperBound & 1)) / 2
        return source.rows(from..<to).upsampledNearest2x
          .slice(axis: 1, from: range.lowerBound - 2 * from, count: range.count)
      })
    return convolution(layer.conv, doubled, outputs: source.channels)
  }

  /// Halving with a convolution of stride 2 that is padded at the bottom and the right.
  func downsampled(_ layer: Downsample2D, _ source: any RowSource) -> any RowSource {
    ComputedRows(
      from: source, height: source.height / 2, width: source.width / 2, channels: source.channels,
      firstNeeded: { $0 * 2 },
      compute: { range in
        let wide = (range.lowerBound * 2)..<(range.upperBound * 2 + 1)
        let isWrapped = ImageEdges.current == .wrapped
        let rows = isWrapped ? wide : wide.clamped(to: 0..<source.height)
        return layer.conv(
          source.rows(rows),
          padding: Padding(top: 0, left: 0, bottom: wide.count - rows.count, right: 1))
      })
  }
}

/// Rows of another source that stay: whoever reads them here does not give them up.
private final class Kept: RowSource {
  private let source: any RowSource
  init(_ source: any RowSource) { self.source = source }
  var height: Int { source.height }
  var width: Int { source.width }
  var channels: Int { source.channels }
  func rows(_ range: Range<Int>) -> Tensor { source.rows(range) }
  func release(before row: Int) {}
  var heldBytes: Int { source.heldBytes }
  var elementsPerRow: Int { source.elementsPerRow }
}
