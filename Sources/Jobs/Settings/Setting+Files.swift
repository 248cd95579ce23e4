import Adapters
import Conditioning
import Diffusion
import Foundation
import Generation
import Models

extension Setting {
  /// The model and its autoencoder.
  static let model = [
    Setting(
      "model-hash", \.modelHash, .name(), origin: .record, belongsTo: [.given("model")],
      infotext: .form(
        InfotextForm(
          keys: ["Model hash"], write: { job in job.modelHash.map { [("Model hash", $0)] } ?? [] },
          read: { $0.job.modelHash = $0.parameters.modelHash }))),
    Setting(
      "model", \.model, .name(), aliases: ["sd_model"],
      // It is looked up by `PictureOrigin`, in whose places everything else is looked up too.
      infotext: .form(
        InfotextForm(keys: ["Model"], write: { job in job.model.map { [("Model", $0)] } ?? [] }, read: { _ in }))),
    Setting(
      "vae", \.vae, .name(),
      infotext: .file(
        "VAE", "VAE hash", \.vae, .autoencoder, setting: "vae", isHashFirst: true, hash: ModelHash.of)),
  ]

  /// What changes the model's weights and words.
  static let adapters = [
    Setting(
      "lora", \.loras, .list(samples: ["x.safetensors", "a/y.safetensors:0.5"]) { SettingProblem.ofAdapter($0) },
      infotext: .files("Adapters", "Adapter hashes", \.loras, .adapter, setting: "lora") { $0.namedAdapters }),
    Setting(
      "embedding", \.embeddings, .list(samples: ["x.pt", "a/y.safetensors"]),
      infotext: .files("Embeddings", "Embedding hashes", \.embeddings, .embedding, setting: "embedding") {
        $0.namedEmbeddings
      }),
  ]

  /// How prompts and the model's files are read.
  static let reading = [
    Setting(
      "emphasis", \.emphasis, .choice { Emphasis(anyName: $0) },
      infotext: .field("Emphasis", write: { $0 == .original ? nil : $0.displayName })),
    Setting(
      "prediction", \.predictionType, .choice { PredictionType(rawValue: $0) }, belongsTo: [.given("model")],
      infotext: .field("Prediction type")),
    Setting("ema", \.usesAverage, .flag, belongsTo: [.given("model")], infotext: .flag("EMA weights")),
    Setting(
      "tokenizer", \.tokenizer, .name(), belongsTo: [.given("model")],
      infotext: .file(
        "Tokenizer", "Tokenizer hash", \.tokenizer, .tokenizer, setting: "tokenizer", hash: { ModelHash.tokenizer($0) })
    ),
    Setting(
      "variant", \.variant, .name(), belongsTo: [.given("model")], infotext: .field("Variant", read: { $0 })),
    Setting("factored", \.isFactored, .flag, infotext: .flag("Adapters factored")),
  ]

  /// Networks that pull the picture.
  static let guides = [
    Setting(
      "classifier", \.guides.classifier, .name(),
      infotext: .file(
        "Classifier", "Classifier hash", \.guides.classifier, .guide, setting: "classifier", hash: ModelHash.of)),
    Setting(
      "class", \.guides.className, .name(), belongsTo: [.changed("classifier")],
      infotext: .field("Classifier class", read: { $0 })),
    Setting(
      "classifier-scale", \.guides.classifierScale, .single(0...10_000),
      infotext: .field("Classifier scale", write: { "\($0)" })),
    Setting(
      "guide", \.guides.contrastive, .name(),
      infotext: .file("Guide", "Guide hash", \.guides.contrastive, .guide, setting: "guide", hash: ModelHash.of)),
    Setting(
      "guide-scale", \.guides.guideScale, .single(0...10_000), infotext: .field("Guide scale", write: { "\($0)" })),
  ]

  /// What holds for a whole run.
  static let runs = [
    Setting(
      "precision", \.precision, .choice { Precision(rawValue: $0) }, origin: .run, infotext: .field("Precision"))
  ]

  /// What decides how many pictures there are and what they are called, but no picture; styles become words.
  static let layout = [
    Setting("count", \.count, .whole(1...PictureJob.countLimit), decides: false),
    Setting(
      "style", \.styles, .list(samples: ["ink", "soft light"]), aliases: [Alias(listing: "styles")], decides: false),
    Setting("styles-file", \.stylesFile, .name(), decides: false),
    Setting(
      "file-name", \.fileName,
      .name(expects: "a file's name without a folder") { name in
        name.contains("/") || name.hasPrefix(".") ? .mustBe("a file's name without a folder") : nil
      }, aliases: ["f"], origin: .line, decides: false),
  ]
}

extension ModelHash {
  /// The short hash of a file or folder.
  fileprivate static let of: @Sendable (URL) -> String? = { short($0) }
}

extension SettingProblem {
  /// What is wrong with an adapter as it was asked for.
  static func ofAdapter(_ text: String) -> SettingProblem? {
    do {
      _ = try AdapterRequest(argument: text)
      return nil
    } catch { return .told("\(error)") }
  }
}

extension InfotextRow where Value == String {
  /// A file or folder by its name and hash.
  /// - Parameter setting: the setting that says where it is, for notes.
  static func file(
    _ key: String, _ hashKey: String, _ field: WritableKeyPath<PictureJob, String?> & Sendable,
    _ kind: ModelSearch.Kind, setting: String, isHashFirst: Bool = false, hash: @escaping @Sendable (URL) -> String?
  ) -> InfotextRow {
    .form(
      InfotextForm(
        keys: [key, hashKey], namesFiles: true,
        write: { job in
          guard let path = job[keyPath: field] else { return [] }
          let name = (key, NamedFiles.name(of: path))
          guard let hash = hash(URL(fileURLWithPath: path)) else { return [name] }
          return isHashFirst ? [(hashKey, hash), name] : [name, (hashKey, hash)]
        },
        read: { $0.job[keyPath: field] = $0.file(key, hashKey, kind, setting: setting) }))
  }
}

extension InfotextRow where Value == [String] {
  /// Several files by their names and hashes.
  static func files(
    _ key: String, _ hashKey: String, _ field: WritableKeyPath<PictureJob, [String]?> & Sendable,
    _ kind: ModelSearch.Kind, setting: String, _ named: @escaping @Sendable (PictureJob) -> NamedFiles
  ) -> InfotextRow {
    .form(
      InfotextForm(
        keys: [key, hashKey], namesFiles: true,
        write: { job in
          let files = named(job)
          return [(key, files.namesField), (hashKey, files.hashesField)].compactMap { key, value in
            value.map { (key, $0) }
          }
        },
        read: { $0.job[keyPath: field] = $0.files(key, hashKey, kind, setting: setting) }))
  }
}
