import Images

extension EditCanvas {
  /// A result with the transparency the picture has where the mask keeps it; what is new is opaque.
  /// - Parameters:
  ///   - result: RGB, of `original`'s size.
  ///   - found: in place of the canvas's mask.
  /// - Returns: RGBA, its pixels outside the mask the picture's bit for bit; `result` if nothing transparent is kept.
  public func withTransparency(_ result: Image, mask found: Mask? = nil) -> Image {
    guard let transparent, let mask = found ?? mask else { return result }
    var image = transparent
    var isOpaque = true
    let ground = [background.red, background.green, background.blue].map(Float.init)
    for y in 0..<image.height {
      for x in 0..<image.width {
        let (share, at) = (share(x, y, mask), (y * image.width + x) * 4)
        let old = Float(transparent.pixels[at + 3]) / 255
        let alpha = share + (1 - share) * old
        if share > 0 {
          for c in 0..<3 {
            // The result lies on the background where the picture was clear: taken off again.
            let value = Float(result.pixels[at / 4 * 3 + c]) - (1 - share) * (1 - old) * ground[c]
            image.pixels[at + c] = UInt8(min(max((value / alpha).rounded(), 0), 255))
          }
          image.pixels[at + 3] = UInt8((alpha * 255).rounded())
        }
        if image.pixels[at + 3] < 255 { isOpaque = false }
      }
    }
    return isOpaque ? image.converted(toChannels: 3) : image
  }
}
