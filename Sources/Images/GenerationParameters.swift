/// How a picture was generated, as the text that A1111's web UI writes into picture files.
///
/// The prompt, a line `Negative prompt: …` if there is one, and a last line `Steps: 20, Sampler:
/// Euler, …`. Source: AUTOMATIC1111/stable-diffusion-webui, modules/infotext_utils.py.
public struct GenerationParameters: Sendable {
  /// A setting as text.
  public typealias Field = (key: String, value: String)

  /// What was asked for; may have several lines.
  public var prompt: String
  /// What was asked to be absent.
  public var negativePrompt: String
  /// The settings in the order of the file.
  ///
  /// Keys start with a letter or digit and go on with at least one more, spaces, `-` and `/`;
  /// others cannot be read back.
  public var fields: [Field]
  /// Lines among the settings that hold none.
  public internal(set) var unread: [String] = []

  /// Collects the parts.
  public init(prompt: String, negativePrompt: String = "", fields: [Field] = []) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.fields = fields
  }

  /// The first value under a key; setting replaces it, appends, or with nil removes it.
  public subscript(key: String) -> String? {
    get { fields.first { $0.key == key }?.value }
    set {
      let index = fields.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): fields[index].value = value
      case (let index?, nil): fields.remove(at: index)
      case (nil, let value?): fields.append((key, value))
      case (nil, nil): break
      }
    }
  }

  /// The field `Size: 512x768`, if present and well formed.
  public var size: (width: Int, height: Int)? { self["Size"].flatMap(Self.size) }

  /// Reads `512x768` as people write it: `512X768`, `512 x 768`, `512×768`; nil unless both sides are above 0.
  public static func size(_ text: String) -> (width: Int, height: Int)? {
    guard let found = sides(text), found.width > 0, found.height > 0 else { return nil }
    return found
  }

  /// As `size`, but 0 stands for a side that follows the other.
  public static func sides(_ text: String) -> (width: Int, height: Int)? {
    let parts = text.split(omittingEmptySubsequences: false) { "xX×*".contains($0) }
    guard parts.count == 2, let width = WrittenNumber.whole(parts[0]), let height = WrittenNumber.whole(parts[1]),
      width >= 0, height >= 0
    else { return nil }
    return (width, height)
  }

  /// The field `Clip skip`, which counts the last layer as 1; that is what a missing field means.
  public var clipSkip: Int { self["Clip skip"].flatMap { WrittenNumber.whole($0) } ?? 1 }

  /// The field `RNG`; a missing one means the noise was drawn on a GPU.
  public var randomSource: String { self["RNG"] ?? "GPU" }
}

extension GenerationParameters: Equatable {
  /// Compares all parts; the order of fields counts.
  public static func == (a: Self, b: Self) -> Bool {
    a.prompt == b.prompt && a.negativePrompt == b.negativePrompt
      && a.fields.elementsEqual(b.fields) { $0.key == $1.key && $0.value == $1.value }
  }
}

extension GenerationParameters {
  /// Fields that carry the prompts when the plain layout cannot.
  static let (exactPrompt, exactNegativePrompt) = ("Exact prompt", "Exact negative prompt")

  /// Writes the text; `init(parsing:)` gives all parts back.
  ///
  /// The layout has no way to quote prompts: one with a line that starts with `Negative prompt:`,
  /// or spaces at its ends, or fewer than three fields below it, would be read differently. Then
  /// the prompts are repeated as quoted fields, which other programs show among the settings and do
  /// not act on.
  public func format() -> String {
    let plain = layout(fields)
    if GenerationParameters(parsing: plain) == self { return plain }
    return layout(
      fields + [(Self.exactPrompt, prompt), (Self.exactNegativePrompt, negativePrompt)])
  }

  private func layout(_ fields: [Field]) -> String {
    var lines = [prompt]
    if !negativePrompt.isEmpty { lines.append("Negative prompt: \(negativePrompt)") }
    if !fields.isEmpty {
      lines.append(
        fields.map { "\($0.key): \(InfotextQuoting.quote($0.value))" }.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }
}
