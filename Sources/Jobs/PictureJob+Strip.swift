import Conditioning
import Diffusion
import Generation
import PromptLanguage

extension PictureJob {
  /// Pictures of one run at most.
  public static let countLimit = 100_000

  /// Pictures of the job: those of a strip, or as many as asked for.
  var pictureCount: Int { frames ?? count ?? 1 }

  /// Throws for mixtures of prompts and seeds that are not complete.
  func checkStrip() throws(JobError) {
    if let frames {
      guard toPrompt != nil || toSeed != nil else {
        throw .badValue(
          name: "`frames`", value: "\(frames)", reason: "needs `to-prompt` or `to-seed`: where the strip ends")
      }
      guard count == nil || count == 1 else {
        throw .badValue(name: "`count`", value: "\(count ?? 0)", reason: "a strip is counted by `frames`")
      }
      guard variationStrength == nil || toSeed == nil else {
        throw .badValue(
          name: "`variation-strength`", value: "\(variationStrength ?? 0)", reason: "is what `to-seed` changes")
      }
    } else if let toSeed {
      throw .badValue(name: "`to-seed`", value: "\(toSeed)", reason: "needs `frames`: how many pictures on the way")
    } else if let toPrompt {
      guard blendShare != nil else {
        throw .badValue(
          name: "`to-prompt`", value: toPrompt, reason: "needs `frames` for a strip, or `to-share` for one picture")
      }
    } else if let blendShare {
      throw .badValue(name: "`to-share`", value: "\(blendShare)", reason: "needs `to-prompt`")
    }
    if let toPrompt, Prompt(toPrompt).tags != Prompt(prompt ?? "").tags {
      throw .badValue(
        name: "`to-prompt`", value: toPrompt,
        reason: "names other adapters than the prompt: both ends of a strip run on the same weights")
    }
  }

  /// The request with the job's second prompt and seed: a strip, or pictures at one share.
  func strip(of request: GenerationRequest) throws -> GenerationRequest {
    if let frames { return try request.strip(toSeed: toSeed, toPrompt: toPrompt, frames: frames) }
    guard let toPrompt, let blendShare, blendShare != 0 else { return request }
    var blended = request
    blended.blends = request.prompts.map { _ in PromptBlend(prompt: toPrompt, share: blendShare) }
    return blended
  }
}
