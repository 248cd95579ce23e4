import Conditioning
import Diffusion
import Generation
import PromptLanguage

extension PictureJob {
  /// Throws for settings of a second pass that is not asked for, and for what it cannot have.
  func checkHires() throws(JobError) {
    guard hiresScale != nil || hiresResize != nil else {
      let others: [(String, Bool)] = [
        ("`hires-steps`", hiresSteps != nil), ("`hires-denoise`", hiresDenoise != nil),
        ("`hires-upscaler`", hiresUpscaler != nil), ("`hires-sampler`", hiresSampler != nil),
        ("`hires-schedule`", hiresSchedule != nil), ("`hires-prompt`", hiresPrompt != nil),
        ("`hires-negative`", hiresNegativePrompt != nil), ("`hires-cfg`", hiresCFG != nil),
      ]
      if let first = others.first(where: \.1) {
        throw .idle(name: first.0, needs: "`hires-scale` or `hires-resize`")
      }
      return
    }
    // Without the prompt language there are no tags.
    guard let hiresPrompt, emphasis != Emphasis.none else { return }
    if Prompt(hiresPrompt).tags != Prompt(prompt ?? "").tags {
      throw .badValue(
        name: "`hires-prompt`", value: "\"\(hiresPrompt.prefix(60))\"",
        reason: "names other adapters than the prompt: both passes run on the same weights")
    }
  }

  /// Forgets the second pass.
  public mutating func forgetHires() {
    (hiresScale, hiresResize, hiresSteps, hiresCounting) = (nil, nil, nil, nil)
    (hiresDenoise, hiresUpscaler, hiresSampler, hiresSchedule) = (nil, nil, nil, nil)
    (hiresPrompt, hiresNegativePrompt, hiresCFG) = (nil, nil, nil)
  }

  /// Says all of a second pass as it is.
  mutating func setHires(as hires: HiresFix) {
    (hiresScale, hiresResize) = (hires.resize == nil ? hires.scale : nil, hires.resize)
    (hiresSteps, hiresCounting, hiresDenoise) = (hires.steps, hires.counting, hires.denoise)
    (hiresUpscaler, hiresSampler, hiresSchedule) = (
      hires.upscaler, hires.sampler?.rawValue, hires.schedule?.rawValue
    )
    (hiresPrompt, hiresNegativePrompt, hiresCFG) = (hires.prompt, hires.negativePrompt, hires.cfg)
  }

  /// The second pass.
  func hires() throws -> HiresFix? {
    guard hiresScale != nil || hiresResize != nil else { return nil }
    var hires = HiresFix(
      scale: hiresScale ?? 1, resize: hiresResize, steps: hiresSteps, counting: hiresCounting ?? .share,
      denoise: hiresDenoise ?? 0.7, upscaler: hiresUpscaler ?? .latent)
    (hires.prompt, hires.negativePrompt, hires.cfg) = (hiresPrompt, hiresNegativePrompt, hiresCFG)
    if let hiresSampler {
      let choice = try SamplerChoice(hiresSampler, schedule: hiresSchedule)
      (hires.sampler, hires.schedule) = (choice.sampler, choice.schedule)
    } else if let hiresSchedule {
      hires.schedule = try ScheduleName(parsing: hiresSchedule)
    }
    return hires
  }
}
