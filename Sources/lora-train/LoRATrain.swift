import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import ModelFiles
import Training

/// Teaches a model a style, a subject or a word from a folder of pictures.
@main
struct LoRATrain: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    commandName: "lora-train",
    abstract: "Trains a LoRA (or a word) on a folder of pictures; run again to go on where it stopped.",
    discussion: """
      Pictures are PNG or JPEG files, with captions in NAME.txt beside them, in metadata.jsonl or metadata.csv, or none. \
      Folders named 10_NAME count ten times, with NAME as the caption.

      Examples:
        lora-train --style paintings/
        lora-train --style paintings/ --trigger "zkz style" --steps 400 --output zkz.safetensors
        lora-train --style scans/ --model any-stable-diffusion.safetensors --checkpointing
        lora-train --subject rex/ --class "a dog" --trigger zkz --prior-pictures 50
        lora-train --style paintings/ --embedding zkz-paint --vectors 4
      Afterwards:
        txt2img "zkz style, a house by the sea" --lora zkz.safetensors
      """, version: Version.of("lora-train"))

  @OptionGroup(title: "Pictures and files") var data: DataOptions
  @OptionGroup(title: "What is learnt") var learnt: LearntOptions
  @OptionGroup(title: "How long and how fast") var schedule: ScheduleOptions
  @OptionGroup(title: "Several processes") var processes: ProcessOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  static func main() { CommandStart.run(Self.self) }

  func validate() throws {
    do { try check(recipe()) } catch let error as RecipeProblem {
      throw ValidationError("\(OptionNames.flag(error.key)): \(error.reason)")
    }
  }

  private func check(_ recipe: FineTuningRecipe) throws {
    if let problem = recipe.loop.problem ?? recipe.problem { throw problem }
  }

  /// The flags as a recipe.
  private func recipe() throws -> FineTuningRecipe {
    let pictures = try data.settings()
    let method: FineTuningRecipe.Method = learnt.embedding == nil ? .lora : .embedding
    let usual = UsualSettings(method, isBundled: ModelLocator().isBundled(data.model))
    let loop = schedule.loop(usual)
    var recipe = FineTuningRecipe(
      name: outputURL.deletingPathExtension().lastPathComponent, pictures: pictures,
      precision: compute.chosenPrecision, output: outputURL.path, loop: loop)
    recipe.model = data.model
    recipe.method = method
    recipe.epochs = schedule.epochs
    learnt.fill(&recipe, usual)
    recipe.recomputes = schedule.checkpointing
    recipe.minSNRGamma = schedule.minSNRGamma
    recipe.noiseOffset = schedule.noiseOffset
    recipe.cache = data.cache
    return recipe
  }

  private var outputURL: URL {
    let name = data.trigger ?? learnt.embedding ?? URL(fileURLWithPath: data.folder).lastPathComponent
    let safe = String(name.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "-" })
    return URL(fileURLWithPath: data.output ?? "\(safe).safetensors")
  }

  func run() throws {
    try reportingFailures {
      var recipe = try recipe()
      // Read once: it may be a pipe.
      recipe.samples.prompts = try schedule.prompts()
      let folder =
        data.run.map { URL(fileURLWithPath: $0) } ?? outputURL.deletingPathExtension().appendingPathExtension("run")
      try checkPlaces(folder)
      try TrainingProcesses(compute, processes).run(in: folder) { folder, context in
        try LossCurve.drawn(folder, context) { try recipe.run(in: folder, context) }
      }
      try Interruption.check()
    }
  }

  /// What the command alone asks of the places; the rest is the run's.
  private func checkPlaces(_ folder: URL) throws {
    let state = folder.appendingPathComponent("state.safetensors").path
    let hasState = FileManager.default.fileExists(atPath: state)
    guard outputURL.pathExtension == "safetensors" else {
      throw ValidationError("--output \(outputURL.lastPathComponent): adapters are written as .safetensors")
    }
    if data.resume, !hasState {
      throw TrainingError.badFolder(path: state, reason: "there is nothing to resume; leave out --resume to start")
    }
  }
}
