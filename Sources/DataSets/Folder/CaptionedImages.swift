import Images

/// A picture and what it shows, in words.
public struct CaptionedImage: Sendable {
  public var image: Image
  public var caption: String

  public init(image: Image, caption: String) {
    self.image = image
    self.caption = caption
  }
}

/// A data set of captioned pictures that can be asked for any example at any time.
public protocol CaptionedImages: Sendable {
  var count: Int { get }
  /// - Parameters:
  ///   - index: 0 ..< count.
  ///   - size: side of the square picture wanted.
  func example(_ index: Int, size: Int) throws -> CaptionedImage
}

extension CaptionedImages {
  /// The example at an index or, where it cannot be used, the next one that can: training goes on past a damaged file.
  ///
  /// The same index always gives the same example as long as the files stay the same.
  /// - Parameter skipped: told why an example was passed over.
  /// - Throws: the last reason if no example can be used.
  public func usableExample(_ index: Int, size: Int, skipped: (any Error) -> Void) throws -> CaptionedImage {
    for step in 0..<max(count - 1, 0) {
      do {
        return try example((index + step) % count, size: size)
      } catch {
        skipped(error)
      }
    }
    return try example((index + count - 1) % count, size: size)
  }
}
