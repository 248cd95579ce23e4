import Adapters
import Checkpoints
import Configurations
import Foundation
import Generation
import Models
import NN
import Training

/// A student with its teacher, in a run's folder: `model/`, or `lora.safetensors` beside the teacher.
final class Student: Artifact {
  let network: UNet2DConditionModel
  /// The network it learns from: the first teacher, or the student before.
  let teacher: UNet2DConditionModel
  let isFirst: Bool
  /// What is trained.
  let trained: [Parameter]
  let folder: URL
  private let parameters: [Parameter]
  private let adapters: TrainableAdapters?
  private let recipe: DistillationRecipe
  private let base: LearningModel

  /// - Parameter before: a finished student, from which this one starts and learns.
  init(_ recipe: DistillationRecipe, base: LearningModel, after before: Student?, in folder: URL) throws {
    (self.recipe, self.base, self.folder, isFirst) = (recipe, base, folder, before == nil)
    // Files are what is handed on, so that a run that is started again has the same bits.
    teacher = try before.map { try $0.written() } ?? base.unet(isTrainable: false).network
    guard let settings = recipe.adapter else {
      let start = try before.map { try LearningModel.unet(in: $0.model, isTrainable: true) }
      (network, parameters) = try start ?? base.unet(isTrainable: true)
      (trained, adapters) = (parameters, nil)
      return
    }
    (network, parameters) = try base.unet(isTrainable: false)
    let made = try TrainableAdapters(
      [.unet: parameters], targets: settings.targets, rank: settings.rank,
      alpha: settings.alpha ?? Float(settings.rank), convolutionRank: settings.convolutionRank, seed: recipe.loop.seed)
    if let before {
      try made.start(
        from: before.adapter, sources: [.unet: CheckpointSource(try LearningModel.part(of: base.folder).weights())])
    }
    (adapters, trained) = (made, made.parameters)
  }

  private var model: URL { folder.appendingPathComponent("model") }
  private var adapter: URL { folder.appendingPathComponent("lora.safetensors") }

  /// The network as its file has it, unchanging.
  private func written() throws -> UNet2DConditionModel {
    guard adapters == nil else { return try base.unet(adapter: adapter, isTrainable: false).network }
    return try LearningModel.unet(in: model, isTrainable: false).network
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    if let adapters {
      try adapters.write(
        to: adapter, format: recipe.adapter?.format ?? .kohya, dtype: .f32, metadata: ["ss_steps": "\(step)"])
      return [adapter]
    }
    try DiffusersFolder.write(
      model, like: base.folder, className: "StableDiffusionPipeline", unet: (parameters, network.config),
      scheduler: recipe.sampled(base.components.scheduler))
    return [model]
  }
}
