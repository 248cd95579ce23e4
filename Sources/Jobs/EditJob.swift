import Foundation
import Generation
import Images

/// How a picture is changed into another; nil leaves a value to the layer below.
public struct EditJob: Sendable, Equatable {
  /// The picture's file.
  public var input: String?
  /// The file of a mask of the picture's size, white is repainted; or `alphaMask`.
  public var mask: String?
  /// What transparent parts of the picture lie on.
  public var background: Colour?
  /// The share of the steps that are run.
  public var strength: Double?
  /// What the steps count; a share, unless another program's picture says otherwise.
  public var counting: StepCounting?
  /// Deviation of the mask's softening, in pixels.
  public var maskBlur: Double?
  public var area: InpaintArea?
  /// Pixels of surroundings around the mask with `area` masked.
  public var padding: Int?
  public var content: MaskedContent?
  public var resize: ResizeMode?
  /// Whether a picture much larger than the model's is brought to about the model's size, if no other is asked for (yes).
  public var fitsModel: Bool?
  public var outpaint: Margins?
  public var pastesBack: Bool?
  /// Whether only what the prompt asks for is to change: an edit by description, or by instruction if the model follows those.
  public var isEdit: Bool?
  /// What the picture shows before an edit by description.
  public var source: String?
  /// Where the mask such an edit found is saved.
  public var maskOut: String?
  /// How closely an instruction model keeps to the picture.
  public var imageGuidance: Float?
  /// Of a finished picture: the sides that were asked for, where the network's are others.
  var askedWidth, askedHeight: Int?

  public init() {}

  /// In place of a mask's file: the picture's transparent parts.
  public static let alphaMask = "alpha"

  /// Whether nothing is said about a picture to change.
  public var isEmpty: Bool { self == EditJob() }

  /// The opposite of `pastesBack`.
  var keepsDecoded: Bool? {
    get { pastesBack.map { !$0 } }
    set { pastesBack = newValue.map { !$0 } }
  }

  /// Whether there is no mask and the words say where it would be.
  public var findsMask: Bool { isEdit == true && mask == nil && outpaint == nil && resize != .outpaint }

  /// Throws for settings that do not go together or cannot work.
  public func check() throws(JobError) {
    do { try canvasOptions(width: nil, height: nil).validate() } catch {
      throw .badSetting(error)
    }
    if !findsMask, let name = source != nil ? "`source`" : maskOut != nil ? "`mask-out`" : nil {
      throw .badValue(name: name, value: source ?? maskOut ?? "", reason: "belongs to `edit` without `mask`")
    }
    if findsMask, area == .masked {
      throw .badValue(
        name: "`inpaint-area`", value: "masked", reason: "needs `mask`: the whole picture is looked at to find one")
    }
    if let maskOut, !["png", "jpg", "jpeg"].contains((maskOut as NSString).pathExtension.lowercased()) {
      throw .badValue(name: "`mask-out`", value: maskOut, reason: "must end in .png or .jpg")
    }
  }

  /// Layout of the input for the network.
  /// - Parameters: width and height asked for, nil for the picture's own.
  public func canvasOptions(width: Int?, height: Int?) -> CanvasOptions {
    var options = CanvasOptions()
    (options.width, options.height) = (width, height)
    options.resize = resize ?? options.resize
    options.fitsModel = fitsModel ?? true && resize == nil && width == nil && height == nil
    options.outpaint = outpaint
    options.maskBlur = maskBlur ?? options.maskBlur
    options.area = area ?? options.area
    options.padding = padding ?? options.padding
    options.content = content
    options.pastesBack = pastesBack ?? true
    options.background = background ?? options.background
    options.masksTransparency = mask == Self.alphaMask
    return options
  }
}
