import Foundation
import Training

/// How the next token is chosen from what a model says of it.
public struct TokenChoice: Sendable, Equatable {
  /// Divides the logits: less than 1 is surer, 0 takes the likeliest.
  public var temperature: Float
  /// Only so many of the likeliest may come (Fan et al. 2018); nil for all.
  public var topK: Int?
  /// Only the likeliest that together have this probability may come (Holtzman et al. 2020); nil for all.
  public var topP: Float?

  public init(temperature: Float = 1, topK: Int? = nil, topP: Float? = nil) {
    (self.temperature, self.topK, self.topP) = (temperature, topK, topP)
  }

  /// The tokens that may come with their probabilities, the likeliest first. `topK` is taken before `topP`, after the temperature.
  package func candidates(_ logits: [Float]) -> [(id: Int32, probability: Double)] {
    var order = logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
    guard temperature > 0, let most = order.first.map({ logits[$0] }) else {
      return order.first.map { [(id: Int32($0), probability: 1)] } ?? []
    }
    if let topK { order = Array(order.prefix(topK)) }
    var weights = order.map { exp(Double(logits[$0] - most) / Double(temperature)) }
    if let topP {
      let all = weights.reduce(0, +)
      var sum = 0.0
      // The one that reaches the share is among them.
      let kept = weights.firstIndex { weight in
        sum += weight
        return sum >= Double(topP) * all
      }
      if let kept { weights = Array(weights[...kept]) }
    }
    let total = weights.reduce(0, +)
    return zip(order, weights).map { (id: Int32($0), probability: $1 / total) }
  }

  /// One of them.
  package func choose(_ logits: [Float], _ random: inout ExampleRandom) -> Int32 {
    let candidates = candidates(logits)
    var left = Double(random.uniform())
    for candidate in candidates {
      left -= candidate.probability
      if left < 0 { return candidate.id }
    }
    return candidates.last?.id ?? 0
  }
}
