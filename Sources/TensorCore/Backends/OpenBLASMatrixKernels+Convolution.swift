import CKernels

// Convolutions as a product of the weight with the image's columns (Chellapilla et al. 2006), band by band.
extension OpenBLASMatrixKernels {
  func convolution(
    _ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation,
    _ geometry: ConvolutionGeometry
  ) -> Tensor {
    let (g, k) = (geometry, geometry.columnWidth)
    let y = x.like(g.outputShape, dtype: .f32)
    let weight = columnWeight(w, g)
    forEachBand(g, device: x.device) { band, scratch in
      multiply(
        band.products(g), g.outChannels, k, columns(x.float32, band, g, scratch),
        Operand(weight, leading: k, transposed: true), into: y, at: band.outputOffset(g))
    }
    return finished(y, bias, residual, activation, x.dtype)
  }

  func convolutionBackwardInput(_ dy: Tensor, _ w: Tensor, _ geometry: ConvolutionGeometry)
    -> Tensor
  {
    let (g, k) = (geometry, geometry.columnWidth)
    let (d, dx) = (dy.float32, dy.like(geometry.inputShape, dtype: .f32))
    let weight = Operand(columnWeight(w, g), leading: k)
    if g.isPointwise {
      multiply(dy.rows, k, g.outChannels, Operand(d, leading: g.outChannels), weight, into: dx)
      return dx.converted(to: dy.dtype)
    }
    ik_fill(dx.raw, IK_F32, 0, Int64(dx.count))
    forEachBand(g, device: dy.device) { band, scratch in
      multiply(
        band.products(g), k, g.outChannels,
        Operand(d, at: band.outputOffset(g), leading: g.outChannels), weight, into: scratch)
      // Neighbouring bands share input rows, so each is spread out apart and then added.
      let part = dy.like([band.images, band.inputRows, g.width, g.inChannels], dtype: .f32)
      ik_col2im(
        IK_F32, Int64(band.images), Int64(band.inputRows), Int64(g.width), Int64(g.inChannels),
        Int64(g.kernelHeight), Int64(g.kernelWidth), Int64(g.stride), Int64(band.paddingTop),
        Int64(g.padding.left), Int64(band.rows), Int64(g.outWidth), scratch.raw, part.raw)
      add(part, to: dx, at: band.inputOffset(g))
    }
    return dx.converted(to: dy.dtype)
  }

  func convolutionBackwardWeight(
    _ x: Tensor, _ dy: Tensor, bias: Bool, _ geometry: ConvolutionGeometry
  ) -> (dw: Tensor, db: Tensor?) {
    let (g, k) = (geometry, geometry.columnWidth)
    let (fx, d, sums) = (x.float32, dy.float32, x.like([geometry.outChannels, k], dtype: .f32))
    ik_fill(sums.raw, IK_F32, 0, Int64(sums.count))
    forEachBand(g, device: x.device) { band, scratch in
      multiply(
        g.outChannels, k, band.products(g),
        Operand(d, at: band.outputOffset(g), leading: g.outChannels, transposed: true),
        columns(fx, band, g, scratch), into: sums, accumulating: true)
    }
    let dw = x.like(g.weightShape, dtype: .f32)
    let (taps, channels) = (g.kernelHeight * g.kernelWidth, g.inChannels)
    ik_gather_strided(
      4, 3, [g.outChannels, channels, taps].c, sums.raw, [k, 1, channels].c, dw.raw)
    return (dw, bias ? columnSums(dy) : nil)
  }

  /// The weight as `[O, kh · kw · C]` float32, the order of the columns; kept beside the original.
  private func columnWeight(_ w: Tensor, _ g: ConvolutionGeometry) -> Tensor {
    let (taps, channels) = (g.kernelHeight * g.kernelWidth, g.inChannels)
    if taps == 1 { return float32Weight(w) }
    let key = Storage.DerivedKey(
      kind: .columns(w.shape), layout: UInt64(taps), offset: w.byteOffset)
    let storage = w.storage.derived(key, byteCount: w.count * 4) { destination, _ in
      let plain = w.float32
      ik_gather_strided(
        4, 3, [g.outChannels, taps, channels].c, plain.raw, [channels * taps, 1, taps].c,
        destination)
    }
    return Tensor(storage: storage, shape: [g.outChannels, taps * channels], dtype: .f32)
  }

  /// The columns `[products, kh · kw · C]` of a band: the image itself if the kernel is a single pixel.
  private func columns(
    _ x: Tensor, _ band: ConvolutionBand, _ g: ConvolutionGeometry, _ scratch: Tensor
  ) -> Operand {
    if g.isPointwise { return Operand(x, at: band.inputOffset(g), leading: g.inChannels) }
    ik_im2col(
      IK_F32, Int64(band.images), Int64(band.inputRows), Int64(g.width), Int64(g.inChannels),
      Int64(g.kernelHeight), Int64(g.kernelWidth), Int64(g.stride), Int64(band.paddingTop),
      Int64(g.padding.left), Int64(band.rows), Int64(g.outWidth),
      x.pointer(as: Float.self) + band.inputOffset(g), scratch.raw)
    return Operand(scratch, leading: g.columnWidth)
  }

  private func forEachBand(
    _ g: ConvolutionGeometry, device: Device, _ body: (ConvolutionBand, Tensor) -> Void
  ) {
    let bands = ConvolutionBand.cover(g)
    let largest = g.isPointwise ? 0 : bands.map { $0.products(g) }.max() ?? 0
    let scratch = Tensor(uninitialized: [largest, g.columnWidth], .f32, device: device)
    for band in bands { body(band, scratch) }
  }
}

/// Whole images, or some output rows of one image, whose columns fit the scratch memory together.
struct ConvolutionBand {
  /// Most float32 values of columns kept at one time: 32 MiB.
  static let scratchLimit = 8 << 20

  let firstImage, images: Int
  let firstRow, rows: Int
  /// Input rows the band reads, and the zero rows above them.
  let firstInputRow, inputRows, paddingTop: Int

  init(_ g: ConvolutionGeometry, firstImage: Int, images: Int, firstRow: Int, rows: Int) {
    (self.firstImage, self.images, self.firstRow, self.rows) = (firstImage, images, firstRow, rows)
    let isWhole = rows == g.outHeight
    let top = firstRow * g.stride - g.padding.top
    let bottom = top + (rows - 1) * g.stride + g.kernelHeight
    // Whole images lie one behind the other only if their unread last rows are counted too.
    firstInputRow = isWhole ? 0 : min(max(top, 0), g.height)
    inputRows = (isWhole ? g.height : min(max(bottom, 0), g.height)) - firstInputRow
    paddingTop = max(firstInputRow - top, 0)
  }

  /// Rows of the product: output pixels.
  func products(_ g: ConvolutionGeometry) -> Int { images * rows * g.outWidth }

  func outputOffset(_ g: ConvolutionGeometry) -> Int {
    (firstImage * g.outHeight + firstRow) * g.outWidth * g.outChannels
  }

  func inputOffset(_ g: ConvolutionGeometry) -> Int {
    (firstImage * g.height + firstInputRow) * g.width * g.inChannels
  }

  /// Bands that cover the output, in order.
  static func cover(_ g: ConvolutionGeometry, limit: Int = scratchLimit) -> [ConvolutionBand] {
    let perRow = max(g.outWidth * g.columnWidth, 1)
    let rowLimit = g.isPointwise ? g.batch * g.outHeight : max(limit / perRow, 1)
    if rowLimit >= g.outHeight {
      let step = rowLimit / g.outHeight
      return stride(from: 0, to: g.batch, by: step).map {
        ConvolutionBand(
          g, firstImage: $0, images: min(step, g.batch - $0), firstRow: 0, rows: g.outHeight)
      }
    }
    return (0..<g.batch).flatMap { image in
      stride(from: 0, to: g.outHeight, by: rowLimit).map {
        ConvolutionBand(
          g, firstImage: image, images: 1, firstRow: $0, rows: min(rowLimit, g.outHeight - $0))
      }
    }
  }
}

extension ConvolutionGeometry {
  /// Values of one column: all channels under the kernel.
  var columnWidth: Int { kernelHeight * kernelWidth * inChannels }

  /// Whether the columns are the image itself.
  var isPointwise: Bool {
    kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding == Padding(0)
  }
}
