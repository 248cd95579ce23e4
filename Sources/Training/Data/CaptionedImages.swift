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
