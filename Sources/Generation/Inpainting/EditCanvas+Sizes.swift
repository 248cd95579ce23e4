import Conditioning
import Images

extension EditCanvas {
  /// The size asked for, checked.
  static func givenSize(
    _ options: CanvasOptions, multiple: Int
  ) throws(GenerationError) -> (width: Int?, height: Int?) {
    if options.resize == .outpaint { return (nil, nil) }
    for (name, side) in [("`width`", options.width), ("`height`", options.height)] {
      if let side { try GenerationRequest.checkSide(name, side, multiple: multiple) }
    }
    return (options.width, options.height)
  }

  /// Throws for a picture that would become too large on the way, before what sticks out is cut off.
  static func checkCrop(
    _ image: Image, _ resize: ResizeMode, width: Int, height: Int
  ) throws(GenerationError) {
    let scale = max(Double(width) / Double(image.width), Double(height) / Double(image.height))
    let pixels = Double(image.width) * scale * Double(image.height) * scale
    guard resize == .crop, pixels > 134_217_728 else { return }
    throw .badValue(
      name: "`resize-mode`", value: "crop",
      reason: "a picture of \(image.width)×\(image.height) is too narrow for \(width)×\(height): cut it first")
  }

  /// The working size of a whole picture: as given, else rounded down to a multiple as diffusers does; a single given side
  /// takes the other along.
  static func size(
    of image: Image, given: (width: Int?, height: Int?), multiple: Int
  ) -> (width: Int, height: Int) {
    func floored(_ side: Int) -> Int { min(max(side / multiple, 1) * multiple, longestSide) }
    func along(_ side: Int, _ given: Int, of other: Int) -> Int {
      let exact = Double(side) * Double(given) / Double(other)
      return min(max(Int((exact / Double(multiple)).rounded()), 1) * multiple, longestSide)
    }
    switch given {
    case (let width?, let height?): return (width, height)
    case (let width?, nil): return (width, along(image.height, width, of: image.width))
    case (nil, let height?): return (along(image.width, height, of: image.height), height)
    case (nil, nil): return (floored(image.width), floored(image.height))
    }
  }

  /// A picture counts as much larger than the model's from so many times its pixels on.
  private static let largeArea = 4

  /// Whether the network works on a picture at about the model's size.
  static func isFitted(
    _ image: Image, _ options: CanvasOptions, given: (width: Int?, height: Int?), defaultSize: Int
  ) -> Bool {
    options.fitsModel && options.area == .whole && options.resize != .outpaint && given.width == nil
      && given.height == nil && image.width * image.height > largeArea * defaultSize * defaultSize
  }

  /// The working size of a part: as given, else about the model's area in the part's shape.
  static func size(
    for part: PixelRegion, given: (width: Int?, height: Int?), multiple: Int, defaultSize: Int
  ) -> (width: Int, height: Int) {
    if let width = given.width, let height = given.height { return (width, height) }
    let aspect = (Double(part.width) / Double(part.height)).squareRoot()
    func rounded(_ side: Double) -> Int {
      min(max(Int((side / Double(multiple)).rounded()), 1) * multiple, longestSide)
    }
    return (
      given.width ?? rounded(Double(defaultSize) * aspect),
      given.height ?? rounded(Double(defaultSize) / aspect)
    )
  }

  /// The margins that put a picture in the middle of a canvas of the given size.
  static func margins(
    _ picture: Image, _ options: CanvasOptions, besides other: Margins?
  ) throws(GenerationError) -> Margins {
    let (width, height) = (options.width ?? picture.width, options.height ?? picture.height)
    for (name, side) in [("`width`", width), ("`height`", height)] where side > longestSide {
      throw .badValue(name: name, value: "\(side)", reason: "must be at most \(longestSide)")
    }
    guard other == nil, width >= picture.width, height >= picture.height else {
      throw .badValue(
        name: "`resize-mode`", value: "outpaint",
        reason: other == nil
          ? "the canvas of \(width)×\(height) is smaller than the picture of \(picture.width)×\(picture.height)"
          : "puts the picture in the middle of `width` × `height`; leave `outpaint` out")
    }
    let (x, y) = (width - picture.width, height - picture.height)
    guard x + y > 0 else {
      throw .badValue(
        name: "`resize-mode`", value: "outpaint",
        reason: "nothing to paint: give a `width` or `height` larger than \(width)×\(height)")
    }
    return Margins(left: x / 2, top: y / 2, right: x - x / 2, bottom: y - y / 2)
  }

  /// A picture grown by margins, which are masked.
  static func extended(
    _ image: Image, _ mask: Mask?, by margins: Margins
  ) throws(GenerationError) -> (Image, Mask) {
    let (width, height) = (
      image.width + margins.left + margins.right, image.height + margins.top + margins.bottom
    )
    guard width <= longestSide, height <= longestSide else {
      throw .badValue(
        name: "`outpaint`", value: "\(margins.left),\(margins.top),\(margins.right),\(margins.bottom)",
        reason: "gives \(width)×\(height), at most \(longestSide) pixels a side")
    }
    var values = [UInt8](repeating: 255, count: width * height)
    for y in 0..<image.height {
      for x in 0..<image.width {
        values[(y + margins.top) * width + x + margins.left] = mask?.image.pixels[y * image.width + x] ?? 0
      }
    }
    return (
      image.extended(left: margins.left, top: margins.top, right: margins.right, bottom: margins.bottom),
      Mask(width: width, height: height, values: values)
    )
  }
}
