import ArgumentParser
import CommandSupport
import Foundation
import Generation
import Images

extension InpaintArea: ExpressibleByArgument {}
extension MaskedContent: ExpressibleByArgument {}
extension ResizeMode: ExpressibleByArgument {}

/// What img2img is told besides txt2img's flags: how much changes, and where.
struct EditOptions: ParsableArguments {
  @Option(help: "How much changes, 0 to 1 (0.8; with a mask 1).") var strength: Double?
  @Option(
    help: "A picture of the input's size: white is repainted, black stays (the input's transparency, if it has any).")
  var mask: String?
  @Option(help: "Softens the mask by so many pixels (0).") var maskBlur = 0.0
  @Option(help: "whole, or masked: only the mask's surroundings, enlarged to the model's size.")
  var inpaintArea = InpaintArea.whole
  @Option(help: "Pixels of surroundings with --inpaint-area masked.") var inpaintPadding = 32
  @Option(help: "What stands under the mask at the start: original, fill, noise or nothing.")
  var maskedContent: MaskedContent?
  @Option(help: "How the input comes to --width and --height: resize, crop, fill or outpaint.")
  var resizeMode = ResizeMode.resize
  @Option(help: "Pixels to add and paint: left,top,right,bottom.") var outpaint: String?
  @Flag(help: "Leaves the decoder's pixels outside the mask too.") var noPasteBack = false
  @Option(help: "Changes only what these words ask for; an instruction, if the model follows those.")
  var edit: String?
  @Option(help: "With --edit and no mask: what the input shows now.") var source: String?
  @Option(help: "With --edit and no mask: where to save the mask that was found.") var maskOut: String?
  @Option(help: "How closely an instruction model keeps to the input.") var imageCfg: Float = 1.5

  /// Whether the mask is to be found from the words.
  var findsMask: Bool { edit != nil && mask == nil && outpaint == nil && resizeMode != .outpaint }

  func validate() throws {
    if let strength, !(0...1).contains(strength) { throw ValidationError("--strength \(strength): must be 0 to 1") }
    guard imageCfg >= 1 else { throw ValidationError("--image-cfg \(imageCfg): must be 1 or more") }
    if source != nil || maskOut != nil, !findsMask {
      throw ValidationError("--source and --mask-out belong to --edit without --mask")
    }
    if findsMask, inpaintArea == .masked {
      throw ValidationError("--inpaint-area masked needs --mask: the whole picture is looked at to find one")
    }
    if let maskOut, !["png", "jpg", "jpeg"].contains((maskOut as NSString).pathExtension.lowercased()) {
      throw ValidationError("--mask-out \(maskOut): must end in .png or .jpg")
    }
  }

  /// The mask picture.
  func loadMask() throws -> Mask? { try mask.map { Mask(try ImageFile.load(URL(fileURLWithPath: $0))) } }

  /// Saves the mask that was found where it was asked for.
  func save(_ mask: Mask) throws {
    if let maskOut { try ImageFile.save(mask.image, to: URL(fileURLWithPath: maskOut)) }
  }

  /// Layout of the input for the network.
  func canvasOptions(width: Int?, height: Int?) throws -> CanvasOptions {
    var options = CanvasOptions()
    (options.width, options.height) = (width, height)
    options.resize = resizeMode
    options.outpaint = try outpaint.map { try Margins(parsing: $0) }
    options.maskBlur = maskBlur
    options.area = inpaintArea
    options.padding = inpaintPadding
    options.content = maskedContent
    options.pastesBack = !noPasteBack
    return options
  }
}
