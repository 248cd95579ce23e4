import Diffusion
import Foundation
import Generation
import Images
import Jobs
import PipelineSupport
import TensorCore
import Testing
import Training

/// Imagic on sd1_tiny: one picture is learnt, and what was learnt is mixed with a text.
@Suite struct ImagicTests {
  private let scratch: ScratchPipeline
  private let picture = TestPictures.noise(width: 64, height: 64)
  private let settings: ImagicSettings

  init() throws {
    scratch = try ScratchPipeline("sd1_tiny")
    var settings = ImagicSettings(isBundled: false)
    (settings.textSteps, settings.modelSteps, settings.batch, settings.rank) = (3, 12, 4, 4)
    (settings.textRate, settings.modelRate) = (0.05, 0.02)
    self.settings = settings
  }

  private func loaded() throws -> LoadedPipeline {
    var job = PictureJob()
    (job.model, job.precision) = (scratch.model.path, .f32)
    return try LoadedPipeline(ModelChoice(job))
  }

  /// Final latents under a text, from one seed.
  private func drawn(_ loaded: LoadedPipeline, _ text: String) throws -> [Float] {
    let request = GenerationRequest(
      prompts: [text], steps: 3, guidance: Guidance(scale: 3), sampler: .ddim, seeds: [1], width: 64, height: 64)
    return try loaded.pipeline.generate(request).latents.floats()
  }

  private func learnt(_ share: Float, folder: String = "run", context: RunContext = RunContext()) throws
    -> LoadedPipeline?
  {
    try Imagic(
      loaded(), picture: picture, text: "a dog", settings: settings, folder: scratch.file(folder)
    ).learn(share: share, context)
  }

  @Test func sharesLieBetweenThePictureAndTheText() throws {
    var losses: [String: [Double]] = [:]
    var stage = ""
    let context = RunContext(onEvent: { event in
      if case .note(let line) = event, line.hasPrefix("learning") { stage = line }
      if case .log(let entry, _) = event { losses[stage, default: []].append(entry.loss) }
    })
    let whole = try #require(try learnt(1, context: context))
    #expect(losses.count == 2)
    for (stage, found) in losses {
      #expect((found.last ?? .infinity) < found[0], "\(stage): \(found)")
    }
    // With a share of 1 the text is what it was; the network has learnt the picture all the same.
    let (before, text) = (try drawn(loaded(), "a dog"), try drawn(whole, "a dog"))
    #expect(before != text)
    let nothing = try #require(try learnt(0))
    let (half, again) = (try #require(try learnt(0.5)), try #require(try learnt(0.5)))
    let (own, middle) = (try drawn(nothing, "a dog"), try drawn(half, "a dog"))
    #expect(own != text && middle != text && middle != own)
    #expect(try drawn(again, "a dog") == middle, "what was learnt is kept in the folder")
    // Other texts are the model's own.
    #expect(try drawn(nothing, "a cat") == drawn(whole, "a cat"))
  }

  /// A run that is stopped goes on, and ends in the same bits as one that was not.
  @Test func aStoppedRunGoesOn() throws {
    var steps = 0
    let stopping = RunContext(
      onEvent: { if case .step = $0 { steps += 1 } }, shouldStop: { steps >= 5 })
    #expect(try learnt(0.5, folder: "stopped", context: stopping) == nil)
    let (resumed, whole) = (try #require(try learnt(0.5, folder: "stopped")), try #require(try learnt(0.5)))
    #expect(try drawn(resumed, "a dog") == drawn(whole, "a dog"))
  }
}
