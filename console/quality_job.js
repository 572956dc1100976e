/** A quality job: it scores the images of a project. */

import { Job, nothingKnown } from "./job.js";

export class QualityJob extends Job {
  /**
   * Start one; where one is at work already, watch that.
   * @param {{batch_size?: number, delay_ms?: number, only_missing?: boolean, resume?: boolean}} [options]
   */
  async start(options = {}) {
    this.stop();
    try {
      const started = await this.api.post(`v1/projects/${this.project}/analytics/start-quality-job`, options);
      this.adopt(started.job_id);
    } catch (error) {
      if (error.code !== "job_active") throw error;
      this.adopt(error.body.job_id);
    }
  }

  /** What `start` would do. Changes nothing. */
  forecast(options = {}) {
    return this.api.post(`v1/projects/${this.project}/analytics/start-quality-job`, { ...options, dry_run: true });
  }

  /** Find the project's last quality job, if there is one. */
  async find() {
    const known = this.jobId;
    const job = await this.api.get(`v1/projects/${this.project}/analytics/quality-progress`);
    // Another may have been started meanwhile.
    if (job.job_id && this.jobId === known) this.adopt(job.job_id);
  }

  async progress() {
    if (!this.jobId) await this.find();
    return super.progress();
  }

  async cancel() {
    if (!this.jobId) await this.find();
    if (this.jobId) return super.cancel();
    return this.api.post(`v1/projects/${this.project}/analytics/cancel-quality-job`);
  }

  adopt(jobId) {
    if (jobId !== this.jobId) {
      this.stop();
      Object.assign(this, { jobId, etag: null, isListed: false, state: nothingKnown() });
    }
    this.resume();
  }
}
