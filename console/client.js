/**
 * Darkroom for web pages: the API, and one job at a time to start, watch and cancel.
 *
 *     import { Darkroom, UploadJob } from "…/api/console/client.js";
 *     const job = new UploadJob(new Darkroom({ url: "…/api/", key }), "holiday");
 *     job.subscribe((state) => console.log(state.job?.progress_pct));
 *     await job.start(input.files);
 *
 * A QualityJob that is to show what is at work already, or was last, is told to look: `await job.find()`.
 * What is known of a job is described in types.js. It needs nothing but a browser, and stores nothing.
 */

export { Darkroom, Problem, sendFile } from "./api.js";
export { Job, fold, nothingKnown } from "./job.js";
export { QualityJob } from "./quality_job.js";
export { CONTENT_TYPES, MAX_FILES, UploadJob, contentType, nameOf } from "./upload_job.js";
