import Diffusion
import Generation
import Images

extension ParameterReader {
  /// The second pass of AUTOMATIC1111's "hires fix" and of Forge's, or of Imago's.
  mutating func readHires() {
    let strength = decimal("Denoising strength")
    readHiresSize()
    let details = readHiresDetails()
    guard job.hiresScale != nil || job.hiresResize != nil else { return }
    job = job.overlaid(by: details)
    job.hiresDenoise = strength
    // Imago's own pictures say what they count where it is all.
    let counting = text(HiresField.counting)
    job.hiresCounting = isOwn ? counting.flatMap { StepCounting(rawValue: $0) } : .all
  }

  private mutating func readHiresSize() {
    job.hiresScale = value("Hires upscale", "a number from 1 on") {
      WrittenNumber.decimal($0).flatMap { $0 >= 1 ? $0 : nil }
    }
    if let sides = value("Hires resize", "WIDTHxHEIGHT", { GenerationParameters.sides($0) }),
      sides.width + sides.height > 0
    {
      (job.hiresResize, job.hiresScale) = (PixelSize(width: sides.width, height: sides.height), nil)
    }
    // Before 2023 the size was the second pass's.
    guard let first = value("First pass size", "WIDTHxHEIGHT", { GenerationParameters.sides($0) }),
      let width = job.width, let height = job.height
    else { return }
    (job.hiresResize, job.hiresScale) = (PixelSize(width: width, height: height), nil)
    let size = first.width > 0 && first.height > 0 ? first : Self.firstPass(width: width, height: height)
    (job.width, job.height) = (size.width, size.height)
  }

  /// The first pass for a second one of a size: about 512 × 512 pixels of its shape, in steps of 64 (AUTOMATIC1111,
  /// modules/processing.py, `old_hires_fix_first_pass_dimensions`).
  private static func firstPass(width: Int, height: Int) -> (width: Int, height: Int) {
    let scale = (Double(512 * 512) / (Double(width) * Double(height))).squareRoot()
    func rounded(_ side: Int) -> Int { min(Int((scale * Double(side) / 64).rounded(.up)) * 64, 8192) }
    return (rounded(width), rounded(height))
  }

  private mutating func readHiresDetails() -> PictureJob {
    var details = PictureJob()
    // A1111 writes 0, or nothing, for the first pass's number.
    details.hiresSteps = whole("Hires steps", 0...100_000).flatMap { $0 == 0 ? nil : $0 }
    details.hiresCFG = single("Hires CFG Scale")
    (details.hiresPrompt, details.hiresNegativePrompt) = (text("Hires prompt"), text("Hires negative prompt"))
    let sampler = text("Hires sampler").flatMap { $0 == "Use same sampler" ? nil : $0 }
    let schedule = text("Hires schedule type").flatMap { $0 == "Use same scheduler" ? nil : $0 }
    details.hiresSampler = sampler
    if let name = sampler ?? job.sampler, sampler != nil || schedule != nil {
      details.hiresSchedule =
        isOwn ? schedule : Self.schedule(written: schedule ?? parameters["Schedule type"], sampler: name)
    }
    if let name = text("Hires checkpoint"), name != "Use same checkpoint" {
      notes.append("Hires checkpoint \(name) is not in this version: the second pass runs on the first one's model")
    }
    if let name = text("Hires upscaler") {
      switch name {
      // Of these enlarging is the same.
      case "Latent", "Latent (antialiased)": details.hiresUpscaler = .latent
      case "Lanczos", "None": details.hiresUpscaler = .lanczos
      default:
        details.hiresUpscaler = name.hasPrefix("Latent") ? .latent : .lanczos
        notes.append(
          "Hires upscaler \(name) is not in this version: "
            + "\(name.hasPrefix("Latent") ? "Latent" : "Lanczos") takes its place")
      }
    }
    return details
  }
}
