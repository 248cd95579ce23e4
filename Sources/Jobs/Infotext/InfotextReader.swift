import Adapters
import Diffusion
import Foundation
import Generation
import Images

/// Turns the fields of a picture's text into a job. What a field means stands in `Setting.all`; here are the helpers of those
/// rows, and what only all of them together say.
struct InfotextReader {
  let parameters: GenerationParameters
  let path: String
  var job = PictureJob()
  private(set) var notes: [String] = []
  private let search: ModelSearch

  /// - Parameter search: looks for the files it names.
  init(_ parameters: GenerationParameters, path: String, search: ModelSearch) {
    (self.parameters, self.path, self.search) = (parameters, path, search)
  }

  /// Fields that describe and decide nothing.
  private static let descriptive: Set<String> = [
    "Version", "Lora hashes", "TI hashes", "Hashes", "User", "Downcast alphas_cumprod",
  ]

  /// Every field that is read.
  private static let known = Set(Setting.all.flatMap { $0.infotext?.keys ?? [] } + legacy + others)

  /// Whether Imago wrote it.
  var isOwn: Bool { parameters["Version"]?.hasPrefix("imago") == true }

  /// - Parameter editing: whether the picture it was made from matters; if not, that there was one is noted.
  mutating func read(editing: Bool) throws(JobError) {
    guard !parameters.fields.isEmpty else {
      throw .unreadable(path: path, reason: "its text holds a prompt but no settings")
    }
    for row in Setting.all.compactMap(\.infotext) where !row.isOfEdits { row.read(&self) }
    settleSecondPass()
    settleGuides()
    if job.hiresScale == nil, job.hiresResize == nil { readEdit(editing) }
    noteOthers()
  }

  /// What belongs to a network that is not here goes with it.
  private mutating func settleGuides() {
    if job.guides.classifier == nil { (job.guides.className, job.guides.classifierScale) = (nil, nil) }
    if job.guides.contrastive == nil { job.guides.guideScale = nil }
  }

  /// The picture it was made from.
  private mutating func readEdit(_ editing: Bool) {
    // What is said about files is of no use to pictures from words.
    var edited = self
    for row in Setting.all.compactMap(\.infotext) where row.isOfEdits { row.read(&edited) }
    let asked = (edited.job.edit.askedWidth, edited.job.edit.askedHeight)
    (edited.job.edit.askedWidth, edited.job.edit.askedHeight) = (nil, nil)
    let fits = edited.job.edit.fitsModel == true
    edited.job.edit.fitsModel = nil
    if !isOwn, edited.job.edit.strength != nil { edited.job.edit.counting = .shareAndOne }
    guard editing else {
      guard !edited.job.edit.isEmpty || parameters["Init image"] != nil else { return }
      let strength = parameters["Denoising strength"].map { "Denoising strength \($0): " } ?? ""
      return note("\(strength)it was made from another picture, which img2img does")
    }
    self = edited
    // The size written is the network's; the picture comes to it again by itself.
    guard isOwn, parameters["Init image"] != nil else { return }
    (job.width, job.height) = asked
    // Pictures from before there was a choice kept their size.
    job.edit.fitsModel = fits
  }

  private mutating func noteOthers() {
    for field in parameters.fields
    where !Self.known.contains(field.key) && !Self.descriptive.contains(field.key) {
      note("\(field.key) \(Self.line(field.value)) is not in this version and is left out")
    }
    for line in parameters.unread { note("\"\(Self.line(line))\" among its settings is none and is left out") }
    if !isOwn, parameters["Version"] != nil || parameters["Model hash"] != nil {
      note("made by another program: it cuts pixel values where Imago rounds, so they may differ by 1")
    }
  }

  /// Adds what a person should know, each thing once.
  mutating func note(_ text: String) { if !notes.contains(text) { notes.append(text) } }

  // MARK: - Values

  /// - Parameter expected: what a value that is none should have been.
  mutating func value<Value>(_ key: String, _ expected: String, _ read: (String) -> Value?) -> Value? {
    guard let text = parameters[key] else { return nil }
    guard let value = read(text) else {
      let advice = WrittenNumber.advice(text)
      note(
        "its field \"\(key): \(Self.line(text).prefix(80))\" cannot be read and is left out: \(expected) is "
          + "expected\(advice)")
      return nil
    }
    return value
  }

  /// nil for -1 or nothing, which stand for any seed.
  mutating func seed(_ key: String) -> UInt64? {
    guard let text = parameters[key], !Self.isAnySeed(text) else { return nil }
    return value(key, "a whole number from 0 to \(UInt64.max), or -1 for any") { WrittenNumber.unsigned($0) }
  }

  mutating func readSeed() {
    job.seed = seed("Seed")
    if let text = parameters["Seed"], Self.isAnySeed(text) { job.drawsSeed = true }
  }

  /// AUTOMATIC1111 draws a seed for -1, and where none is written.
  private static func isAnySeed(_ text: String) -> Bool {
    text.allSatisfy(\.isWhitespace) || WrittenNumber.whole(text) == -1
  }

  /// A value without its line breaks.
  private static func line(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  // MARK: - Files

  /// A file that is not the model's own.
  /// - Parameter setting: says where it is.
  mutating func file(_ key: String, _ hashKey: String, _ kind: ModelSearch.Kind, setting: String) -> String? {
    guard let name = parameters[key], name != "None", name != "Automatic" else { return nil }
    let otherwise = kind == .guide ? "it is left out" : "the model's own is used"
    return found(name, hash: parameters[hashKey], key, kind, or: "say where it is with `\(setting)`, or \(otherwise)")
  }

  /// Files of a field that names several; those that are not here are noted.
  mutating func files(_ key: String, _ hashKey: String, _ kind: ModelSearch.Kind, setting: String) -> [String]? {
    guard let names = parameters[key] else { return nil }
    let listed = NamedFiles(namesField: names, hashesField: parameters[hashKey])
    let paths = listed.names.enumerated().compactMap { index, name -> String? in
      let path = kind == .adapter ? (try? AdapterRequest(argument: name))?.path ?? name : name
      let hash = index < listed.hashes.count ? listed.hashes[index] : nil
      return found(path, hash: hash, key, kind, or: "say where it is with `\(setting)`, or it is left out")
        .map { $0 + name.dropFirst(path.count) }
    }
    return paths.isEmpty ? nil : paths
  }

  private mutating func found(
    _ name: String, hash: String?, _ key: String, _ kind: ModelSearch.Kind, or advice: String
  ) -> String? {
    guard let found = search.find(kind, named: name, hash: hash) else {
      note("\(key) \(name) is not here by that name or hash: \(advice)")
      return nil
    }
    if found.isSame == false { note("\(key) \(name) is not what it was, so the result will be another") }
    return found.url.path
  }

  /// A picture by the name or the hash it had, if it is still there.
  mutating func picture(_ path: String?, _ hash: String?, _ what: String) -> String? {
    guard let path else { return nil }
    guard let found = search.find(.picture, named: path, hash: hash) else {
      note("\(what), \(path), is not here by that name or hash: say where it is")
      return nil
    }
    if found.isSame == false { note("\(what), \(path), is not what it was, so the result will be another") }
    return found.url.path
  }
}
