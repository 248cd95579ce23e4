import Foundation
import Hummingbird

/// The body of `POST /api/trainings`: pictures, and what they teach.
struct NewTraining: Decodable, Sendable {
  /// One picture with its caption.
  struct Picture: Decodable, Sendable {
    let image: Data
    let caption: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case name, image, caption }

    init(from decoder: any Decoder) throws {
      try decoder.refuseUnknown(CodingKeys.self)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      // What it is called at its owner's says nothing here.
      _ = try container.decodeIfPresent(String.self, forKey: .name)
      image = try Base64Picture.data(try container.decode(String.self, forKey: .image), "pictures.image")
      caption = try container.decodeIfPresent(String.self, forKey: .caption)
    }
  }

  let settings: TrainingSettings
  let pictures: [Picture]

  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, kind, trigger, steps, rank, rate, resolution, samplePrompt, model, pictures
    case subjectClass = "class"
  }

  init(from decoder: any Decoder) throws {
    try decoder.refuseUnknown(CodingKeys.self)
    settings = try TrainingSettings(from: decoder)
    pictures = try decoder.container(keyedBy: CodingKeys.self).decode([Picture].self, forKey: .pictures)
    guard (1...500).contains(pictures.count) else {
      throw APIError(.unprocessableContent, "pictures must be 1 to 500", setting: "pictures")
    }
  }
}

/// How a LoRA is trained.
struct TrainingSettings: Codable, Sendable, Equatable {
  enum Kind: String, Codable, Sendable { case style, subject }

  /// What the LoRA is called.
  var name: String
  var kind: Kind
  var trigger: String?
  /// What a subject is, such as `a dog`.
  var subjectClass: String?
  var steps, rank, resolution: Int?
  var rate: Double?
  var samplePrompt: String?
  /// The name of a served model; nil for the bundled one.
  var model: String?

  enum CodingKeys: String, CodingKey {
    case name, kind, trigger, steps, rank, rate, resolution, samplePrompt, model
    case subjectClass = "class"
  }

  /// Throws for what cannot work, as far as that shows without the model.
  func check() throws(APIError) {
    func require(_ isFine: Bool, _ setting: String, _ reason: String) throws(APIError) {
      if !isFine { throw APIError(.unprocessableContent, "\(setting) \(reason)", setting: setting) }
    }
    let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    try require((1...64).contains(name.count) && isName, "name", "must be 1 to 64 letters, digits, - and _")
    try require((1...100_000).contains(steps ?? 1), "steps", "must be 1 to 100000")
    try require((1...1024).contains(rank ?? 1), "rank", "must be 1 to 1024")
    try require((16...4096).contains(resolution ?? 16), "resolution", "must be 16 to 4096")
    try require((rate ?? 1) > 0 && (rate ?? 1) <= 1, "rate", "must be above 0, at most 1")
    try require(kind == .style || trigger?.isEmpty == false, "trigger", "is missing: the word to call the subject by")
    try require(kind == .subject || subjectClass == nil, "class", "says what a subject is")
  }
}
