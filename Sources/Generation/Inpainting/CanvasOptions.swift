import Conditioning
import Images

/// Which part of a picture the network sees when a mask says what changes.
public enum InpaintArea: String, Sendable, CaseIterable {
  /// All of it.
  case whole
  /// The mask's surroundings, enlarged to the size the model works at: more detail in small masks.
  case masked
}

/// What stands under the mask before the network starts.
public enum MaskedContent: String, Sendable, CaseIterable {
  /// The picture as it is.
  case original
  /// Colours that flow in from around.
  case fill
  /// Noise in place of latents.
  case noise
  /// Zeros in place of latents.
  case nothing
}

/// Pixels added to a picture on each side, to be painted.
public struct Margins: Sendable, Equatable {
  public var left, top, right, bottom: Int

  public init(left: Int, top: Int, right: Int, bottom: Int) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
  }

  /// Reads `left,top,right,bottom`, or one number for all sides.
  public init(parsing text: String) throws(GenerationError) {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { WrittenNumber.whole($0) }
    let known = numbers.compactMap { $0 }
    guard known.count == numbers.count, [1, 4].contains(known.count), known.allSatisfy({ $0 >= 0 }) else {
      throw .badValue(
        name: "`outpaint`", value: text, reason: "must be left,top,right,bottom in pixels, such as 0,0,64,0")
    }
    guard known.allSatisfy({ $0 <= GenerationRequest.longestSide }) else {
      throw .badValue(
        name: "`outpaint`", value: text, reason: "must be at most \(GenerationRequest.longestSide) pixels a side")
    }
    self.init(
      left: known[0], top: known[known.count == 4 ? 1 : 0], right: known[known.count == 4 ? 2 : 0],
      bottom: known[known.count == 4 ? 3 : 0])
  }
}

/// How a picture is laid out for the network.
public struct CanvasOptions: Sendable, Equatable {
  /// Size the network works at; nil for the picture's own, or with `area` masked for the model's.
  public var width, height: Int?
  public var resize = ResizeMode.resize
  /// Whether the network works on a picture much larger than the model's at about the model's size.
  public var fitsModel = false
  public var outpaint: Margins?
  /// Deviation of the mask's softening, in pixels.
  public var maskBlur = 0.0
  public var area = InpaintArea.whole
  /// Pixels of surroundings around the mask with `area` masked.
  public var padding = 32
  /// nil means `fill` for parts that were not there before, else `original`.
  public var content: MaskedContent?
  /// Whether pixels outside the mask are the original's, bit for bit.
  public var pastesBack = true
  /// What the network sees under transparent parts.
  public var background = Colour.white
  /// Whether transparent parts are the mask.
  public var masksTransparency = false

  public init() {}

  /// Throws if a value cannot work whatever the picture.
  public func validate() throws(GenerationError) {
    guard maskBlur.isFinite, (0...256).contains(maskBlur) else {
      throw .badValue(name: "`mask-blur`", value: "\(maskBlur)", reason: "must be 0 to 256 pixels")
    }
    guard (0...4096).contains(padding) else {
      throw .badValue(name: "`inpaint-padding`", value: "\(padding)", reason: "must be 0 to 4096 pixels")
    }
  }
}
