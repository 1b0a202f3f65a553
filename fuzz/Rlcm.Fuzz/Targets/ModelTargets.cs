using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Runtime;

namespace Rlcm.Fuzz.Targets;

/// <summary>The small files of a model's folder.</summary>
internal static class ModelTargets
{
    private const int PictureSize = 224; // of CLIP
    private const int EmbeddingSize = 128;

    private static readonly string[] TokenizerFiles = ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"];

    /// <summary>Configurations: the same bytes for every reader, as each knows other keys.</summary>
    public static FuzzTarget Configurations { get; } = new("model-config", GenerationConfig.FileName, ReadConfigurations);

    /// <summary>Tokenizers, with which a text is encoded.</summary>
    public static FuzzTarget Tokenizer { get; } = new("tokenizer", TokenizerFiles[0], ReadTokenizer) { Write = static (path, bytes) => FilesInOne.Write(Path.GetDirectoryName(path)!, TokenizerFiles, bytes) };

    private static void ReadConfigurations(string path)
    {
        UserErrorException? refusal = null;
        var accepted = false;
        foreach (var read in (Action<string>[])
        [
            static path => UNet2DConditionConfig.Read(path),
            static path => AutoencoderKLConfig.Read(path),
            static path => ClipTextConfig.Read(path),
            static path => ClipConfig.Read(path),
            static path => ClipImageProcessor.ReadFile(path, PictureSize),
            static path => StyleHead.ReadStyles(path, EmbeddingSize),
            static path => SchedulerConfig.Read(path).CreateNoiseSchedule(),
            static path => SchedulerConfig.ReadNoise(path).CreateNoiseSchedule(),
            static path => GenerationConfig.Read(Path.GetDirectoryName(path)!),
        ])
        {
            try
            {
                read(path);
                accepted = true;
            }
            catch (UserErrorException error)
            {
                refusal = error;
            }
        }

        if (!accepted)
            throw refusal!;
    }

    private static void ReadTokenizer(string path)
    {
        var tokenizer = ClipTokenizer.FromFolder(Path.GetDirectoryName(path)!);
        if (tokenizer.Encode("a flat cat <|endoftext|> café").Length != tokenizer.MaxLength)
            throw new InvalidOperationException("A text has not as many ids as it should.");
    }
}
