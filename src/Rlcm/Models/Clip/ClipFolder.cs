using Rlcm.Imaging;
using Rlcm.Prompts;
using Rlcm.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlcm.Models.Clip;

/// <summary>A CLIP model with its tokenizer and its way to prepare pictures, from one folder as transformers writes it.</summary>
public sealed class ClipFolder : IDisposable
{
    private readonly ClipImageProcessor _processor;
    private readonly EncodedPrompts _texts;

    private ClipFolder(ClipModel model, ClipTokenizer? tokenizer, ClipImageProcessor processor)
    {
        (Model, _processor) = (model, processor);
        _texts = new(prompts => ClipModel.Normalize(model.EmbedTexts((tokenizer ?? throw new InvalidOperationException("The folder was loaded without its tokenizer.")).Encode(prompts))));
    }

    /// <summary>The networks.</summary>
    public ClipModel Model { get; }

    /// <summary>Loads the folder <paramref name="path"/>.</summary>
    /// <param name="path">With <c>config.json</c> and weights; <c>preprocessor_config.json</c> may be missing.</param>
    /// <param name="withTexts">Whether texts will be embedded, for which the tokenizer's files are needed.</param>
    /// <exception cref="UserErrorException">Something is missing, damaged or not supported.</exception>
    public static ClipFolder Load(string path, bool withTexts)
    {
        if (!Directory.Exists(path))
            throw new UserErrorException($"No CLIP model at {Path.GetFullPath(path)}: expected a folder with config.json and weights, as transformers writes it; check the path.");
        var tokenizer = withTexts ? ClipTokenizer.FromFolder(path) : null;
        var model = ClipModel.Load(path);
        try
        {
            if (tokenizer is not null)
                ModelParts.RequireFit(tokenizer, model.Config.Text, path);
            if (tokenizer is not null && model.Config.Text.EndId != ClipModel.ArgMaxId && model.Config.Text.EndId != tokenizer.EndId)
                throw new UserErrorException($"{path}: expected texts to end with eos_token_id {model.Config.Text.EndId}, found {tokenizer.EndId}, the end of the tokenizer; take both from one model.");
            return new(model, tokenizer, ClipImageProcessor.Read(path, model.Config.Vision.ImageSize));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The files that decide what it computes.</summary>
    /// <exception cref="UserErrorException">There are no weights.</exception>
    public static IEnumerable<string> Files(string path) =>
    [
        .. ModelPart.OfTransformers(path).FindWeights().Files(),
        .. ((string[])["config.json", ClipImageProcessor.FileName, .. ClipTokenizerFiles.Names]).Select(name => Path.Combine(path, name)).Where(File.Exists),
    ];

    /// <summary>Embeddings of pictures, [N, P] of length 1.</summary>
    /// <param name="images">N pictures of any size.</param>
    /// <param name="rounded">As <see cref="ClipImageProcessor.Process"/>.</param>
    public Tensor EmbedPictures(ImageBatch images, bool rounded = true)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return ClipModel.Normalize(Model.EmbedPictures(_processor.Process(images, rounded))).MoveToOuterDisposeScope();
    }

    /// <summary>Embeddings of texts, [N, P] of length 1; each text is embedded once.</summary>
    public Tensor EmbedTexts(IReadOnlyList<string> texts)
    {
        lock (_texts)
            return _texts.Of(texts);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _texts.Dispose();
        Model.Dispose();
    }
}
