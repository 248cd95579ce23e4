/// The families of models: the registry. All that is known of one is in the file of its traits.
///
/// A family is added by a case and its line in `traits`.
public enum ModelFamily: String, Sendable, CaseIterable, Codable {
  case sd1 = "SD 1.x"
  case sd2 = "SD 2.x"
  case sdxl = "SDXL"
  case dit = "DiT"
  // Known by name alone, so that adapters for them are called what they are.
  case sd3 = "SD 3"
  case flux = "Flux"

  var traits: any FamilyTraits {
    switch self {
    case .sd1: SD1()
    case .sd2: SD2()
    case .sdxl: SDXL()
    case .dit: DiT()
    case .sd3: SD3()
    case .flux: Flux()
    }
  }

  /// What asks for less is asked last: every U-Net that reads texts is at least built like SD 1.
  static let inOrderOfClaims: [ModelFamily] = [.dit, .sdxl, .sd2, .sd1, .sd3, .flux]

  /// The family whose cross-attention reads texts of this many features.
  public init?(contextWidth: Int) {
    guard let family = Self.allCases.first(where: { $0.traits.contextWidth == contextWidth }) else { return nil }
    self = family
  }

  /// The family trainers' metadata names: kohya's `ss_base_model_version` or ModelSpec's `modelspec.architecture`.
  public init?(named name: String) {
    let name = name.lowercased()
    let found = Self.allCases.first { family in
      family.traits.metadataNames.contains { name.hasPrefix($0) || $0.contains("-") && name.contains($0) }
    }
    guard let found else { return nil }
    self = found
  }

  /// What kohya's tools write as `ss_base_model_version`; nil for families nothing is trained for here.
  public var kohyaVersion: String? { traits.kohyaVersion }
}
