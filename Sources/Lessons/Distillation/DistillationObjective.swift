import Conditioning
import Diffusion
import Models
import NN
import TensorCore
import Training

/// A teacher that is asked under classifier-free guidance of a fixed scale.
package struct GuidedTeacher {
  let network: any DenoisingNetwork
  let guidance: Guidance
  /// Arithmetic of the network.
  let dtype: DType

  package init(network: any DenoisingNetwork, guidance: Guidance, dtype: DType) {
    (self.network, self.guidance, self.dtype) = (network, guidance, dtype)
  }

  /// - Parameters:
  ///   - text: a row for each sample.
  ///   - nothing: what it is told in place of a text; as many rows.
  /// - Returns: float32.
  package func callAsFunction(
    _ noisy: Tensor, _ timesteps: [Int], text: NetworkConditioning, nothing: NetworkConditioning?
  ) -> Tensor {
    let (x, times) = (noisy.cast(to: dtype), timesteps.map(Float.init))
    guard guidance.isOn, let nothing else { return network(x, timesteps: times, text).cast(to: .f32) }
    let both = network(
      .concatenate([x, x], axis: 0), timesteps: times + times, .joined([nothing, text])
    ).cast(to: .f32).split(axis: 0, [times.count, times.count])
    return guidance.combine(unconditional: both[0], conditional: both[1])
  }
}

/// The usual loss of a text-to-image model, with what a teacher's way leads to in place of what noise was mixed into.
package struct DistillationObjective: Objective {
  /// The student.
  let student: LatentObjective
  let teacher: GuidedTeacher
  let method: any Distillation
  /// The empty text's tokens, for each encoder.
  private let empty: [TextRows.Row]

  package init(student: LatentObjective, teacher: GuidedTeacher, method: any Distillation) {
    (self.student, self.teacher, self.method) = (student, teacher, method)
    empty = student.texts.tokens("")
  }

  package var groups: [ParameterGroup] { student.groups }

  package func loss(_ batch: LatentBatch, random: inout [ExampleRandom]) throws -> Tensor {
    let rows = batch.latents.shape[0]
    let timesteps = method.timesteps
    let places = random.indices.map { random[$0].integer(below: timesteps.count) }
    let text = try student.conditioning(batch.text)
    let nothing =
      teacher.guidance.isOn
      ? try student.conditioning(.tokens(empty.map { Array(repeating: $0, count: rows) })) : nil
    let (prediction, dtype) = (student.prediction, student.prediction.dtype)
    return prediction.loss(
      batch.latents, timesteps: places.map { timesteps[$0] }, weights: places.map(method.weight), random: &random,
      target: { noisy, steps in
        withoutRecording {
          let clean = method.clean(
            noisy, places: places, teacher: { teacher($0, $1, text: text, nothing: nothing) },
            student: {
              student.predict($0.cast(to: dtype), timesteps: $1.map(Float.init), text: text).cast(to: .f32)
            })
          return prediction.schedule.target(clean: clean, noisy: noisy, timesteps: steps)
        }
      },
      predict: { student.predict($0, timesteps: $1, text: text) })
  }
}
