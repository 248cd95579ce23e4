/// A picture of 8-bit samples in memory, in the display's (sRGB) encoding.
public struct Image: Sendable, Equatable {
  /// Pixels per row, ≥ 1.
  public let width: Int
  /// Rows, ≥ 1.
  public let height: Int
  /// 1 (grey), 3 (RGB) or 4 (RGBA, colours not multiplied by alpha).
  public let channels: Int
  /// Samples `[height, width, channels]`, row-major, top row first.
  public var pixels: [UInt8]

  /// Wraps samples; a size that does not match is a programming error.
  /// - Parameter pixels: `height · width · channels` samples.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "Image: size \(width)×\(height) is empty")
    precondition([1, 3, 4].contains(channels), "Image: \(channels) channels, not 1, 3 or 4")
    precondition(
      pixels.count == width * height * channels,
      "Image: \(pixels.count) samples for \(width)×\(height)×\(channels)")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Lets `fill` write all samples of a new picture, in uninitialised memory.
  /// - Throws: what `fill` throws.
  init<E: Error>(
    width: Int, height: Int, channels: Int,
    fill: (UnsafeMutableBufferPointer<UInt8>) throws(E) -> Void
  ) throws(E) {
    let count = width * height * channels
    var failure: E?
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(E) {
        // The capacity may be larger than asked for.
        try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        initialized = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    self.init(width: width, height: height, channels: channels, pixels: pixels)
  }
}
