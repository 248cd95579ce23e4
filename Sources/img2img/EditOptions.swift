import ArgumentParser
import CommandSupport
import Generation
import Images
import Jobs

extension InpaintArea: ExpressibleByArgument {}
extension MaskedContent: ExpressibleByArgument {}
extension ResizeMode: ExpressibleByArgument {}

/// Reads a colour.
@Sendable
private func colour(_ text: String) throws -> Colour {
  guard let colour = Colour(text) else { throw ValidationError("must be a colour, such as white or #ff8800") }
  return colour
}

/// What img2img is told besides txt2img's flags: how much changes, and where.
struct EditOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "How much changes, 0 to 1 (0.8; with a mask 1).", transform: decimal)
  var strength: Double?
  @Option(
    help:
      "A picture of the input's size: white is repainted, black stays. alpha: the input's transparent parts are repainted.",
    completion: .file())
  var mask: String?
  @Option(
    help:
      "A name or #rrggbb: what transparent parts of the input lie on. Outside a mask they come back transparent (white).",
    transform: colour)
  var background: Colour?
  @Option(parsing: .unconditional, help: "Softens the mask by so many pixels (0).", transform: decimal)
  var maskBlur: Double?
  @Option(help: "whole, or masked: only the mask's surroundings, enlarged to the model's size (whole).")
  var inpaintArea: InpaintArea?
  @Option(parsing: .unconditional, help: "Pixels of surroundings with --inpaint-area masked (32).", transform: whole)
  var inpaintPadding: Int?
  @Option(help: "What stands under the mask at the start: original, fill, noise or nothing.")
  var maskedContent: MaskedContent?
  @Option(help: "How the input comes to --width and --height: resize, crop, fill or outpaint (resize).")
  var resizeMode: ResizeMode?
  @Option(parsing: .unconditional, help: "Pixels to add and paint: left,top,right,bottom.") var outpaint: String?
  @Flag(help: "Leaves the decoder's pixels outside the mask too.") var noPasteBack = false
  @Option(help: "Changes only what these words ask for; an instruction, if the model follows those.")
  var edit: String?
  @Option(help: "With --edit and no mask: what the input shows now.") var source: String?
  @Option(help: "With --edit and no mask: where to save the mask that was found.") var maskOut: String?
  @Option(
    parsing: .unconditional, help: "How closely an instruction model keeps to the input (1.5).", transform: single)
  var imageCfg: Float?

  func validate() throws {
    try wrongUsage {
      var values = try job(prompt: nil)
      // What goes together is known once all layers are there.
      (values.isEdit, values.source, values.maskOut) = (nil, nil, nil)
      try values.check()
    }
  }

  /// The layer of the flags.
  /// - Parameter prompt: words that are no edit.
  func job(prompt: String?) throws -> EditJob {
    var job = EditJob()
    job.background = background
    (job.mask, job.strength, job.maskBlur) = (mask, strength, maskBlur)
    (job.area, job.padding, job.content, job.resize) = (inpaintArea, inpaintPadding, maskedContent, resizeMode)
    job.outpaint = try outpaint.map { try Margins(parsing: $0) }
    job.pastesBack = noPasteBack ? false : nil
    job.isEdit = edit != nil ? true : prompt != nil ? false : nil
    (job.source, job.maskOut, job.imageGuidance) = (source, maskOut, imageCfg)
    return job
  }
}
