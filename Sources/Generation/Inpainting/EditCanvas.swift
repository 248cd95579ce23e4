import Conditioning
import Images
import TensorCore

/// A picture to change, laid out for the network, and the way of the result back into it.
public struct EditCanvas: Sendable {
  /// Largest side of a result in pixels.
  static let longestSide = GenerationRequest.longestSide

  /// What the network sees; RGB, its size a multiple of the model's.
  public let working: Image
  /// Where the network may change it; nil for everywhere.
  public private(set) var workingMask: Mask?
  /// What stands under the mask at the start.
  public let content: MaskedContent
  /// The picture the result is pasted into; RGB, of the result's size.
  public let original: Image
  /// The mask on `original`; nil for everywhere.
  public private(set) var mask: Mask?
  /// The part of `original` the network sees; larger than it where the working size needed a rim.
  let region: PixelRegion
  let pastesBack: Bool
  /// Whether the working size was chosen because the picture is much larger than the model's.
  public let isFitted: Bool
  /// The picture with its transparency, of the result's size; nil if the result has none.
  let transparent: Image?
  /// Deviation of a mask's softening, in pixels.
  private let maskBlur: Double
  let background: Colour

  public var width: Int { working.width }
  public var height: Int { working.height }

  /// Lays a picture out.
  /// - Parameters:
  ///   - mask: of the picture's size; nil for everywhere, or the transparent parts if the options say so.
  ///   - multiple: sides of the working size are multiples of this.
  ///   - defaultSize: side of the pictures the model was made for.
  public init(
    _ picture: Image, mask given: Mask? = nil, options: CanvasOptions = CanvasOptions(), multiple: Int,
    defaultSize: Int
  ) throws(GenerationError) {
    try options.validate()
    if let given, given.width != picture.width || given.height != picture.height {
      throw .badValue(
        name: "`mask`", value: "\(given.width)×\(given.height)",
        reason: "the picture is \(picture.width)×\(picture.height); a mask must have the picture's size")
    }
    var margins = options.outpaint
    if options.resize == .outpaint { margins = try Self.margins(picture, options, besides: margins) }
    let holes = options.masksTransparency ? Mask(transparencyOf: picture) : nil
    if options.masksTransparency, holes == nil {
      throw .badValue(
        name: "`mask`", value: "alpha",
        reason: "the picture has no transparent parts: give a mask's file, or leave it out")
    }
    let colour = options.background
    var image = picture.composited(over: (colour.red, colour.green, colour.blue))
    var mask = given ?? holes
    // What a mask keeps, it keeps as it is; holes that are filled are no holes any more.
    let keepsSome = holes == nil && (given != nil || margins != nil)
    var clear = keepsSome && Mask(transparencyOf: picture) != nil ? picture : nil
    if let margins {
      clear = clear?.extended(left: margins.left, top: margins.top, right: margins.right, bottom: margins.bottom)
      (image, mask) = try Self.extended(image, mask, by: margins)
    }
    if let mask, mask.isEmpty {
      throw .badValue(
        name: "`mask`", value: "all black", reason: "nothing would change; white says where to repaint")
    }
    let content = options.content ?? (holes != nil || margins != nil ? .fill : .original)
    // Colours flow in under the hard mask; softening comes afterwards.
    let filled = mask.map { content == .fill ? image.filledIn($0) : image } ?? image
    mask = mask?.blurred(sigma: options.maskBlur)
    self.content = content
    (pastesBack, maskBlur, background) = (options.pastesBack, options.maskBlur, colour)
    var size = try Self.givenSize(options, multiple: multiple)
    isFitted = Self.isFitted(image, options, given: size, defaultSize: defaultSize)
    let all = PixelRegion(x: 0, y: 0, width: image.width, height: image.height)
    if isFitted {
      let fitted = Self.size(for: all, given: size, multiple: multiple, defaultSize: defaultSize)
      size = (fitted.width, fitted.height)
    }
    switch options.area {
    case .whole where isFitted && mask != nil:
      // The result keeps the picture's size, so that pixels can come back untouched; the network works on a smaller one.
      region = all
      (original, self.mask, transparent) = (image, mask, clear)
      let (width, height) = (size.width ?? image.width, size.height ?? image.height)
      working = filled.resized(width: width, height: height, filter: .lanczos3)
      workingMask = mask.map { Mask($0.image.resized(width: width, height: height, filter: .bilinear)) }
    case .masked:
      guard let mask, let box = mask.region else {
        throw .badValue(
          name: "`inpaint-area`", value: "masked", reason: "there is no mask; give `mask` or `inpaint-area` whole")
      }
      let all = (width: image.width, height: image.height)
      let padded = box.padded(by: options.padding, within: all)
      let target = Self.size(
        for: padded, given: size, multiple: multiple, defaultSize: defaultSize)
      region = padded.expanded(toAspect: Double(target.width) / Double(target.height), within: all)
      (original, self.mask, transparent) = (image, mask, clear)
      working = filled.cropped(region).resized(
        width: target.width, height: target.height, filter: .lanczos3)
      workingMask = Mask(
        mask.image.cropped(region).resized(width: target.width, height: target.height, filter: .bilinear))
    case .whole:
      let keepsSize = mask != nil && size.width == nil && size.height == nil || options.resize == .outpaint
      if keepsSize {
        // The result keeps the picture's size, so that pixels can come back untouched: a rim is drawn out and cut off again.
        let right = (multiple - image.width % multiple) % multiple
        let bottom = (multiple - image.height % multiple) % multiple
        (original, self.mask, transparent) = (image, mask, clear)
        working = filled.extended(left: 0, top: 0, right: right, bottom: bottom)
        workingMask = mask.map { Mask($0.image.extended(left: 0, top: 0, right: right, bottom: bottom)) }
      } else {
        let (w, h) = Self.size(of: image, given: size, multiple: multiple)
        try Self.checkCrop(image, options.resize, width: w, height: h)
        original = options.resize.apply(image, width: w, height: h)
        transparent = clear.map { options.resize.apply($0, width: w, height: h) }
        self.mask = mask.map { Mask(options.resize.apply($0.image, width: w, height: h, filter: .bilinear)) }
        working = content == .fill ? options.resize.apply(filled, width: w, height: h) : original
        workingMask = self.mask
      }
      region = PixelRegion(x: 0, y: 0, width: working.width, height: working.height)
    }
  }

  /// The same picture with a mask found on its latents in place of its own.
  /// - Parameters:
  ///   - cells: row-major, whether each latent is repainted.
  ///   - downscale: pixels of a latent. The mask ends softly outside the cells, since those are coarse.
  func masked(cells: [Bool], downscale: Int) -> EditCanvas {
    precondition(
      cells.count * downscale * downscale == width * height, "\(cells.count) latents for \(width)×\(height) pixels")
    let values = (0..<(width * height)).map { index -> UInt8 in
      let (y, x) = index.quotientAndRemainder(dividingBy: width)
      return cells[y / downscale * (width / downscale) + x / downscale] ? 255 : 0
    }
    let soft = Mask(width: width, height: height, values: values)
      .blurred(sigma: max(maskBlur, Double(downscale) / 2)).doubled
    var canvas = self
    canvas.workingMask = soft
    let isWhole = region.width == width && region.height == height
    let onRegion =
      isWhole ? soft.image : soft.image.resized(width: region.width, height: region.height, filter: .bilinear)
    canvas.mask = Mask(onRegion.cropped(x: 0, y: 0, width: original.width, height: original.height))
    return canvas
  }

  /// Puts results `[B, height, width, 3]` in ±1 into the picture: `[B, H, W, 3]` of `original`'s size.
  public func finished(_ made: Tensor) -> Tensor {
    let pictures = (0..<made.shape[0]).map { pasted(made.slice(axis: 0, from: $0, count: 1)) }
    return Tensor.concatenate(pictures, axis: 0)
  }

  /// How much of a pixel is new, 0 to 1.
  func share(_ x: Int, _ y: Int, _ mask: Mask) -> Float {
    let (rx, ry) = (x - region.x, y - region.y)
    guard rx >= 0, ry >= 0, rx < region.width, ry < region.height else { return 0 }
    return pastesBack ? Float(mask.image.pixels[y * original.width + x]) / 255 : 1
  }

  /// At the edge: the finished picture is put together on the host, where the original is.
  private func pasted(_ made: Tensor) -> Tensor {
    let (w, h) = (original.width, original.height)
    var part = made
    if region.width != width || region.height != height {
      let resized = ImageTensor.images(made)[0].resized(
        width: region.width, height: region.height, filter: .lanczos3)
      part = ImageTensor.pack([resized])
    }
    guard pastesBack || region.width < w || region.height < h else {
      return part.slice(axis: 1, from: 0, count: h).slice(axis: 2, from: 0, count: w)
    }
    guard let mask else { return part }
    let values = part.floats()
    return Tensor(shape: [1, h, w, 3]) { out in
      for y in 0..<h {
        for x in 0..<w {
          let pixel = y * w + x
          let (rx, ry) = (x - region.x, y - region.y)
          let share = share(x, y, mask)
          let isInside = share > 0
          for c in 0..<3 {
            let old = Float(original.pixels[pixel * 3 + c]) / 127.5 - 1
            let new = isInside ? values[(ry * region.width + rx) * 3 + c] : old
            // Exactly the old value where nothing may change, the decoder's where all may.
            out[pixel * 3 + c] =
              share == 0 ? old : share == 1 ? new : old + (min(max(new, -1), 1) - old) * share
          }
        }
      }
    }
  }
}
