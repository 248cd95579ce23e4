extension Image {
  /// Changes the number of channels to 1, 3 or 4; alpha dropped means laid over white.
  ///
  /// Grey is Rec. 601 luma, as in Pillow. Added alpha is 255.
  public func converted(toChannels count: Int) -> Image {
    precondition([1, 3, 4].contains(count), "converted: \(count) channels, not 1, 3 or 4")
    if count == channels { return self }
    if channels == 4 {
      return composited(over: (255, 255, 255)).converted(toChannels: count)
    }
    return mapped(toChannels: count) { from, to in
      if count == 1 {
        // Weights 0.299, 0.587, 0.114 in 16-bit fixed point; they sum to 65536.
        let sum = 19_595 * Int(from[0]) + 38_470 * Int(from[1]) + 7_471 * Int(from[2])
        to[0] = UInt8((sum + 0x8000) >> 16)
      } else {
        for c in 0..<3 { to[c] = from[channels == 1 ? 0 : c] }
        if count == 4 { to[3] = 255 }
      }
    }
  }

  /// Lays the picture over a plain colour; the result has 3 channels.
  public func composited(over colour: (red: UInt8, green: UInt8, blue: UInt8)) -> Image {
    guard channels == 4 else { return converted(toChannels: 3) }
    let (red, green, blue) = (Int(colour.red), Int(colour.green), Int(colour.blue))
    return mapped(toChannels: 3) { from, to in
      let alpha = Int(from[3])
      let rest = 255 - alpha
      to[0] = UInt8((Int(from[0]) * alpha + red * rest + 127) / 255)
      to[1] = UInt8((Int(from[1]) * alpha + green * rest + 127) / 255)
      to[2] = UInt8((Int(from[2]) * alpha + blue * rest + 127) / 255)
    }
  }

  /// Lays the picture over another with its top left corner at (x, y); what sticks out is cut off.
  /// - Returns: a picture of `base`'s size, with alpha if `base` has it, else RGB, or grey if both
  ///   are.
  public func composited(over base: Image, atX x: Int, y: Int) -> Image {
    if base.channels == 1 && channels == 1 { return pasted(over: base, x: x, y: y) }
    let under = base.channels == 1 ? base.converted(toChannels: 3) : base
    return channels == 4
      ? blended(over: under, x: x, y: y)
      : converted(toChannels: under.channels).pasted(over: under, x: x, y: y)
  }

  /// The part of this picture inside `base`, as ranges of x and y in this picture.
  private func overlap(_ base: Image, x: Int, y: Int) -> (x: Range<Int>, y: Range<Int>)? {
    let (left, top) = (max(0, -x), max(0, -y))
    let (right, bottom) = (min(width, base.width - x), min(height, base.height - y))
    return left < right && top < bottom ? (left..<right, top..<bottom) : nil
  }

  private func pasted(over base: Image, x: Int, y: Int) -> Image {
    guard let inside = overlap(base, x: x, y: y) else { return base }
    var result = base
    for row in inside.y {
      let from = (row * width + inside.x.lowerBound) * channels
      let to = ((row + y) * base.width + inside.x.lowerBound + x) * channels
      let count = inside.x.count * channels
      result.pixels.replaceSubrange(to..<(to + count), with: pixels[from..<(from + count)])
    }
    return result
  }

  /// Porter and Duff's "over" with straight alpha; this picture is RGBA.
  private func blended(over base: Image, x: Int, y: Int) -> Image {
    guard let inside = overlap(base, x: x, y: y) else { return base }
    var result = base
    let step = base.channels
    result.pixels.withUnsafeMutableBufferPointer { under in
      pixels.withUnsafeBufferPointer { over in
        for row in inside.y {
          for column in inside.x {
            let from = (row * width + column) * 4
            let to = ((row + y) * base.width + column + x) * step
            let alpha = Int(over[from + 3])
            // Weights of both colours in units of 1/255², and the new alpha in the same.
            let (top, bottom) = (
              alpha * 255, (255 - alpha) * (step == 4 ? Int(under[to + 3]) : 255)
            )
            let total = top + bottom
            guard total > 0 else { continue }
            for c in 0..<3 {
              let sum = Int(over[from + c]) * top + Int(under[to + c]) * bottom
              under[to + c] = UInt8((sum + total / 2) / total)
            }
            if step == 4 { under[to + 3] = UInt8((total + 127) / 255) }
          }
        }
      }
    }
    return result
  }

  /// Makes each new pixel from one old one.
  @inline(__always)
  private func mapped(
    toChannels count: Int,
    _ transform: (_ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>) -> Void
  ) -> Image {
    pixels.withUnsafeBufferPointer { pixels in
      Image(width: width, height: height, channels: count) { out in
        guard var from = pixels.baseAddress, var to = out.baseAddress else { return }
        for _ in 0..<(width * height) {
          transform(from, to)
          from += channels
          to += count
        }
      }
    }
  }
}
