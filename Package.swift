// swift-tools-version: 6.1
import PackageDescription

/// Targets, lowest first: each imports only what stands above it.
let package = Package(
  name: "imago",
  products: [
    .executable(name: "txt2img", targets: ["txt2img"]),
    .executable(name: "img2img", targets: ["img2img"]),
    .executable(name: "imago", targets: ["imago"]),
    .library(name: "Generation", targets: ["Generation"]),
    .library(name: "Training", targets: ["Training"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: vector kernels, and shims over system libraries.
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m"), .linkedLibrary("gomp")]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CZstd", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CImageCodecs", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),

    // The engine.
    .target(name: "Randomness"),
    .target(name: "TensorCore", dependencies: ["CKernels", "COneDNN", "COpenBLAS"]),
    .target(name: "NN", dependencies: ["TensorCore", "Randomness"]),

    // Files.
    .target(name: "SafeTensors"),
    .target(name: "Checkpoints", dependencies: ["NN", "SafeTensors", "CZlib"]),
    .target(name: "Tokenizers"),
    .target(name: "Images", dependencies: ["CImageCodecs"]),
    .target(name: "PromptLanguage"),

    // Models and what is done with them.
    .target(name: "Models", dependencies: ["NN"]),
    .target(name: "Adapters", dependencies: ["Models", "Checkpoints", "NN"]),
    .target(name: "Diffusion", dependencies: ["TensorCore", "Randomness"]),
    .target(
      name: "Generation",
      dependencies: [
        "Models", "Diffusion", "Checkpoints", "Tokenizers", "Images", "PromptLanguage",
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(name: "Jobs", dependencies: ["Generation", "Adapters", "PromptLanguage"]),
    .target(name: "DataSets", dependencies: ["Images", "CZlib", "CZstd"]),
    .target(name: "SceneData", dependencies: ["Images"]),
    .target(
      name: "Training",
      dependencies: ["Generation", "DataSets", "SceneData", .product(name: "Yams", package: "Yams")]),

    // Commands.
    .target(
      name: "CommandSupport",
      dependencies: [
        "Generation", "Jobs", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "txt2img", dependencies: ["CommandSupport"]),
    .executableTarget(name: "img2img", dependencies: ["CommandSupport"]),
    .executableTarget(name: "imago", dependencies: ["CommandSupport", "Training", "DataSets"]),

    // Tests.
    .target(name: "TestSupport", dependencies: ["TensorCore"], path: "Tests/TestSupport"),
    .target(
      name: "ReferenceSupport", dependencies: ["Models", "Checkpoints", "TestSupport"],
      path: "Tests/ReferenceSupport"),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "CZlib", "Models", "TestSupport", "ReferenceSupport"]),
    .testTarget(
      name: "AdaptersTests",
      dependencies: ["Adapters", "Generation", "SafeTensors", "TestSupport", "ReferenceSupport"]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "txt2img", "img2img", "imago", "Checkpoints", "Images", "SafeTensors", "TestSupport", "ReferenceSupport",
      ]),
    .testTarget(name: "CKernelsTests", dependencies: ["CKernels"]),
    .testTarget(name: "COneDNNTests", dependencies: ["COneDNN", "CKernels"]),
    .testTarget(name: "DataSetsTests", dependencies: ["DataSets", "Images", "SceneData", "TestSupport"]),
    .testTarget(name: "DiffusionTests", dependencies: ["Diffusion", "TestSupport", "ReferenceSupport"]),
    .testTarget(
      name: "GenerationTests", dependencies: ["Generation", "SafeTensors", "TestSupport", "ReferenceSupport"]),
    .testTarget(name: "JobsTests", dependencies: ["Jobs", "PromptLanguage", "TestSupport", "ReferenceSupport"]),
    .testTarget(name: "ImagesTests", dependencies: ["Images"]),
    .testTarget(
      name: "ModelsTests",
      dependencies: ["Models", "Checkpoints", "Training", "TestSupport", "ReferenceSupport"]),
    .testTarget(name: "PromptLanguageTests", dependencies: ["PromptLanguage"]),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness"]),
    .testTarget(name: "SafeTensorsTests", dependencies: ["SafeTensors"]),
    .testTarget(name: "SceneDataTests", dependencies: ["SceneData", "Images"]),
    .testTarget(name: "TensorCoreTests", dependencies: ["TensorCore", "TestSupport"]),
    .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "NN", "Images"]),
  ],
  swiftLanguageModes: [.v6]
)
