import Diffusion
import Foundation
import Generation
import Images

/// A picture to change, opened and laid out for a model, and how it is changed.
struct OpenedEdit {
  let canvas: EditCanvas
  /// Whether the mask is to be found from the words.
  let findsMask: Bool
  let strength: Double
  let kind: PipelineComponents.Kind?
  /// What a person should know about the picture's transparent parts; nil for nothing.
  private let transparencyNote: String?
  private let edit: EditJob
  /// Width and height asked for.
  private let size: (width: Int?, height: Int?)

  /// - Parameter job: without what its pipeline says: a picture keeps its size unless another is asked for.
  /// - Returns: nil for a job without a picture.
  /// - Throws: `JobError`, `GenerationError` or `ImageError` for what cannot work.
  init?(_ job: PictureJob, _ components: PipelineComponents) throws {
    guard let input = job.edit.input else {
      guard job.edit.isEmpty else {
        throw JobError.missing(
          what: "the picture to change",
          advice: "name it with `init-image` FILE in the line, or before img2img's prompt")
      }
      return nil
    }
    edit = job.edit
    try edit.check()
    guard job.hiresScale == nil, job.hiresResize == nil else {
      throw JobError.badValue(
        name: "`hires-scale`, `hires-resize`", value: "",
        reason: "belongs to txt2img: give `width` and `height` for a larger result")
    }
    let picture = try ImageFile.load(URL(fileURLWithPath: input))
    let maskFile = edit.mask == EditJob.alphaMask ? nil : edit.mask
    let mask = try maskFile.map { Mask(try ImageFile.load(URL(fileURLWithPath: $0))) }
    kind = components.kind
    findsMask = edit.findsMask && kind != .instruction
    if findsMask {
      if let sampler = job.sampler, try SamplerChoice(sampler).sampler != .ddim {
        throw JobError.badValue(
          name: "`sampler`", value: sampler, reason: "`edit` without `mask` turns DDIM's steps back: leave it out")
      }
      guard job.guides == GuideJob() else {
        throw JobError.badValue(
          name: "`classifier`, `guide`", value: "", reason: "do not go with an edit that finds its mask: give `mask`")
      }
      guard job.frames == nil, job.toPrompt == nil, job.variationStrength == nil else {
        throw JobError.badValue(
          name: "`frames`, `to-prompt`, `variation-strength`", value: "",
          reason: "do nothing to an edit that finds its mask: give `mask`")
      }
    }
    size = (job.width, job.height)
    canvas = try EditCanvas(
      picture,
      // A mask that is still to be found starts as all of the picture.
      mask: mask ?? (findsMask ? Mask(everythingIn: picture) : nil),
      options: edit.canvasOptions(width: job.width, height: job.height), multiple: components.sizeMultiple,
      defaultSize: components.defaultSize)
    if canvas.mask == nil, Mask(transparencyOf: picture) != nil {
      let colour = edit.background ?? .white
      transparencyNote =
        "\(input) has transparent parts: they lie on \(colour == .white ? "white" : "\(colour)") (`background`), and all is "
        + "redrawn; `mask` alpha repaints them alone"
    } else {
      transparencyNote = nil
    }
    strength = edit.strength ?? (canvas.mask == nil || findsMask ? 0.8 : 1)
  }

  /// What a person should know, a line each.
  var notes: [String] { [transparencyNote, sizeNote].compactMap { $0 } }

  private var sizeNote: String? {
    guard canvas.isFitted else { return nil }
    let result =
      canvas.original.width == canvas.width && canvas.original.height == canvas.height
      ? "" : "; the result keeps its size"
    return "\(edit.input ?? "the picture") is much larger than this model's pictures, so it is worked on at "
      + "\(canvas.width)×\(canvas.height)\(result): `width` or `height` choose another size, "
      + "`resize-mode` resize its own"
  }

  private var imageGuidance: Float { edit.imageGuidance ?? 1.5 }

  /// Changes the picture.
  /// - Parameters:
  ///   - onStep: steps done and in all; throw to stop.
  ///   - onClean: told where the run seems to end; never by an edit that finds its mask.
  ///   - onMask: told a mask that was found, before anything is drawn in it; throw to stop.
  /// - Returns: the results, and the masks found for them.
  func generate(
    _ request: GenerationRequest, _ loaded: LoadedPipeline, onStep: (_ done: Int, _ of: Int) throws -> Void,
    onClean: CleanPreview?, onMask: (Mask) throws -> Void
  ) throws -> (batch: GeneratedBatch, masks: [Mask]) {
    let (components, precision) = (loaded.components, loaded.pipeline.precision)
    guard findsMask else {
      var pipeline = ImageToImage(components, precision: precision)
      (pipeline.embeddings, pipeline.networks) = (loaded.pipeline.embeddings, loaded.pipeline.networks)
      let change = ImageToImageRequest(
        request, canvas: canvas, strength: strength, counting: counting, imageGuidance: imageGuidance)
      let made = try pipeline.generate(
        change, onStep: { step, _ in try onStep(step.index + 1, step.count) }, onClean: onClean)
      return (made, [])
    }
    var pipeline = DescriptionEdit(components, precision: precision)
    pipeline.embeddings = loaded.pipeline.embeddings
    let change = DescriptionEditRequest(request, canvas: canvas, source: edit.source ?? "", strength: strength)
    let made = try pipeline.generate(change, onMask: onMask, onProgress: onStep)
    return (made.batch, made.masks)
  }

  private var counting: StepCounting { edit.counting ?? .share }

  /// Runs all of a short request over a grey picture of its size to see what a step costs.
  func measure(
    _ request: GenerationRequest, _ loaded: LoadedPipeline, onStep: (_ done: Int, _ of: Int) throws -> Void
  ) throws {
    let grey = Image(
      width: request.width, height: request.height, channels: 3,
      pixels: [UInt8](repeating: 128, count: request.width * request.height * 3))
    let canvas = try EditCanvas(
      grey, mask: self.canvas.mask == nil ? nil : Mask(everythingIn: grey), multiple: loaded.components.sizeMultiple,
      defaultSize: loaded.components.defaultSize)
    let change = ImageToImageRequest(request, canvas: canvas, strength: 1, imageGuidance: imageGuidance)
    var pipeline = ImageToImage(loaded.components, precision: loaded.pipeline.precision)
    pipeline.networks = loaded.pipeline.networks
    _ = try pipeline.generate(change) { step, _ in
      try onStep(step.index + 1, step.count)
    }
  }

  /// A finished picture with the transparency it keeps.
  /// - Parameter mask: the one found for it.
  func finished(_ picture: Image, mask: Mask?) -> Image { canvas.withTransparency(picture, mask: mask) }

  /// Where a mask that is found is saved.
  var maskFile: String? { findsMask ? edit.maskOut : nil }

  /// Evaluations of the network for one picture, in units of one text's.
  func evaluations(_ request: GenerationRequest) -> Double {
    let run = Double(counting.counts(steps: request.steps, strength: strength).run)
    let rows: Double = request.guidance.isOn ? 2 : 1
    if findsMask { return Double(2 * DescriptionEdit.maps) + run * (1 + rows) }
    return kind == .instruction ? Double(request.steps) * 3 : run * rows
  }
}

extension OpenedEdit {
  /// All that decides the change, as it was used.
  var used: EditJob {
    var used = EditJob()
    let isInstruction = kind == .instruction
    used.imageGuidance = isInstruction ? imageGuidance : nil
    used.strength = isInstruction ? nil : strength
    (used.counting, used.fitsModel) = (edit.counting, canvas.isFitted)
    (used.input, used.mask, used.background) = (edit.input, edit.mask, edit.background)
    (used.askedWidth, used.askedHeight) = (size.width, size.height)
    (used.isEdit, used.source) = (edit.isEdit, findsMask ? edit.source ?? "" : nil)
    (used.resize, used.outpaint) = (edit.resize, edit.outpaint)
    guard canvas.mask != nil else { return used }
    let options = edit.canvasOptions(width: nil, height: nil)
    (used.maskBlur, used.content, used.area) = (options.maskBlur, options.content, options.area)
    used.padding = options.area == .masked ? options.padding : nil
    used.pastesBack = options.pastesBack
    return used
  }
}
