import Adapters
import Conditioning
import Foundation
import Jobs
import PromptLanguage

extension ServedFiles {
  /// A request's settings with the files they name.
  /// - Throws: `APIError` for a name that is not served, and for a setting that names a file of its own.
  func resolved(_ asked: PictureJob) throws(APIError) -> PictureJob {
    var job = asked
    for (setting, value) in [
      ("init_image", job.edit.input), ("tokenizer", job.tokenizer), ("mask_out", job.edit.maskOut),
      ("styles_file", job.stylesFile), ("file_name", job.fileName),
    ] where value != nil {
      let instead = setting == "init_image" ? ": send the picture itself as image" : ""
      throw Self.refusal(setting, "names a file, which requests do not\(instead)")
    }
    if let mask = job.edit.mask, mask != EditJob.alphaMask {
      throw Self.refusal("mask", "names a file, which requests do not: send the picture itself")
    }
    if let name = job.model { job.model = try model(name).value }
    if let name = job.vae { job.vae = try Self.required(name, in: autoencoders, "vae").value }
    job.embeddings = try Self.each(job.embeddings) { name throws(APIError) in
      try Self.required(name, in: embeddings, "embedding").value
    }
    job.loras = try Self.each(job.loras) { text throws(APIError) in
      let request: AdapterRequest
      do { request = try AdapterRequest(argument: text) } catch { throw APIError(error) }
      let path = try Self.required(request.path, in: adapters, "lora").path
      return path + text.dropFirst(request.path.count)
    }
    for (setting, name) in [("classifier", job.guides.classifier), ("guide", job.guides.contrastive)] {
      // They are looked up in the model's folder: nothing that is more than a name gets there.
      guard let name, name.hasPrefix(".") || !name.allSatisfy(Self.isOfName) else { continue }
      throw Self.refusal(setting, "must be a name of letters, digits, -, _ and .")
    }
    if let variant = job.variant, !variant.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" }) {
      throw Self.refusal("variant", "must be letters and digits")
    }
    if job.styles?.isEmpty == false {
      guard let styles else {
        throw Self.refusal("style", "cannot be taken: there is no styles.csv here")
      }
      job.stylesFile = styles
    }
    try checkTags(job)
    return job
  }

  private static func isOfName(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "-_. ".contains(character)
  }

  private static func refusal(_ setting: String, _ reason: String) -> APIError {
    APIError(.unprocessableContent, "\(setting) \(reason)", setting: setting)
  }

  /// Throws for a tag in the prompt that names no adapter that is served.
  private func checkTags(_ job: PictureJob) throws(APIError) {
    guard job.emphasis != Emphasis.none, let prompt = job.prompt else { return }
    for tag in Prompt(prompt).tags where tag.isAdapter {
      let name: String
      do { name = try tag.adapter().name } catch { throw APIError(error) }
      guard !adapters.contains(where: { Self.isCalled($0, name) }) else { continue }
      _ = try Self.required(name, in: adapters, "lora")
    }
  }

  /// Whether `AdapterFolders` finds an adapter by a name.
  private static func isCalled(_ entry: Entry, _ name: String) -> Bool {
    let wanted = name.trimmingCharacters(in: .whitespaces)
    let file = URL(fileURLWithPath: entry.path)
    let names = [entry.name, file.lastPathComponent, file.deletingPathExtension().lastPathComponent]
    return names.contains { $0.lowercased() == wanted.lowercased() }
  }

  private static func each(
    _ names: [String]?, _ change: (String) throws(APIError) -> String
  ) throws(APIError) -> [String]? {
    guard let names else { return nil }
    var changed: [String] = []
    for name in names { changed.append(try change(name)) }
    return changed
  }

  /// What a picture says of itself, with the names that requests use in place of paths, and without pictures it was made from.
  func named(_ record: PictureJob) -> PictureJob {
    var job = record
    func name(_ path: String?, _ entries: [Entry]) -> String? {
      path.map { path in entries.first { $0.path == path }?.name ?? URL(fileURLWithPath: path).lastPathComponent }
    }
    job.vae = name(job.vae, autoencoders)
    job.embeddings = job.embeddings?.compactMap { name($0, embeddings) }
    job.loras = job.loras?.map { text in
      guard let request = try? AdapterRequest(argument: text) else { return text }
      return (name(request.path, adapters) ?? "") + text.dropFirst(request.path.count)
    }
    job.edit.input = nil
    if job.edit.mask != EditJob.alphaMask { job.edit.mask = nil }
    (job.stylesFile, job.tokenizer, job.edit.maskOut) = (nil, nil, nil)
    return job
  }
}
