import ArgumentParser
import Generation
import Images
import Jobs

extension InpaintArea: ExpressibleByArgument {}
extension MaskedContent: ExpressibleByArgument {}
extension ResizeMode: ExpressibleByArgument {}

/// What img2img is told besides txt2img's flags: how much changes, and where.
public struct EditOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "How much changes, 0 to 1 (0.8; with a mask 1).", transform: decimal)
  public var strength: Double?
  @Option(
    help:
      "A picture of the input's size: white is repainted, black stays. alpha: the input's transparent parts are repainted.",
    completion: .file())
  public var mask: String?
  @Option(
    help:
      "A name or #rrggbb: what transparent parts of the input lie on. Outside a mask they come back transparent (white).",
    transform: setting("background", \.edit.background))
  public var background: Colour?
  @Option(parsing: .unconditional, help: "Softens the mask by so many pixels (0).", transform: decimal)
  public var maskBlur: Double?
  @Option(help: "whole, or masked: only the mask's surroundings, enlarged to the model's size (whole).")
  public var inpaintArea: InpaintArea?
  @Option(parsing: .unconditional, help: "Pixels of surroundings with --inpaint-area masked (32).", transform: whole)
  public var inpaintPadding: Int?
  @Option(help: "What stands under the mask at the start: original, fill, noise or nothing.")
  public var maskedContent: MaskedContent?
  @Option(help: "How the input comes to --width and --height: resize, crop, fill or outpaint (resize).")
  public var resizeMode: ResizeMode?
  @Option(
    parsing: .unconditional, help: "Pixels to add and paint: left,top,right,bottom.",
    transform: setting("outpaint", \.edit.outpaint))
  public var outpaint: Margins?
  @Flag(help: "Leaves the decoder's pixels outside the mask too.") public var noPasteBack = false
  @Option(help: "Changes only what these words ask for; an instruction, if the model follows those.")
  public var edit: String?
  @Option(help: "With --edit and no mask: what the input shows now.") public var source: String?
  @Option(help: "With --edit and no mask: where to save the mask that was found.") public var maskOut: String?
  @Option(
    parsing: .unconditional, help: "How closely an instruction model keeps to the input (1.5).", transform: single)
  public var imageCfg: Float?

  public init() {}

  public func validate() throws {
    try wrongUsage {
      var values = PictureJob()
      values.edit = job(prompt: nil)
      // What goes together is known once all layers are there.
      (values.edit.isEdit, values.edit.source, values.edit.maskOut) = (nil, nil, nil)
      try values.checkValues()
    }
  }

  /// The layer of the flags.
  /// - Parameter prompt: words that are no edit.
  public func job(prompt: String?) -> EditJob {
    var job = EditJob()
    job.background = background
    (job.mask, job.strength, job.maskBlur) = (mask, strength, maskBlur)
    (job.area, job.padding, job.content, job.resize) = (inpaintArea, inpaintPadding, maskedContent, resizeMode)
    job.outpaint = outpaint
    job.pastesBack = noPasteBack ? false : nil
    job.isEdit = edit != nil ? true : prompt != nil ? false : nil
    (job.source, job.maskOut, job.imageGuidance) = (source, maskOut, imageCfg)
    return job
  }
}
